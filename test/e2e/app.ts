// Starts the app under test with a data folder and a home of its own, and ends everything it may have left running.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import type { Bridge } from '../../electron/contract/channels.ts';
import { until } from '../support/wait.ts';

declare global {
  interface Window {
    /** As renderer/bridge declares it. */
    readonly mesolite?: Bridge;
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const hold = fileURLToPath(new URL('hold.cjs', import.meta.url));

export type Profile = {
  readonly folder: string;
  readonly dataFolder: string;
  readonly home: string;
  /** Kills what still belongs to it (agents, their tasks) by pid and removes its files. */
  readonly remove: () => void;
};

export type AppUnderTest = {
  readonly electron: ElectronApplication;
  readonly page: Page;
  readonly profile: Profile;
  /** Everything the main process printed. */
  readonly output: () => string;
  /** kill -9 of the main process; Chromium's helpers follow it. */
  readonly crash: () => Promise<void>;
  /** Asks it to quit (as the menu does) and waits until the process is gone. */
  readonly quit: () => Promise<void>;
  readonly hasEnded: () => boolean;
};

type Blocking = {
  readonly probes: number;
  readonly wallMaxMs: number;
  readonly wallP99Ms: number;
  readonly ownMaxMs: number;
  readonly ownP99Ms: number;
  readonly taken: number;
  readonly takenMaxMs: number;
  readonly worst: readonly { readonly atMs: number; readonly wallMs: number; readonly ownMs: number }[];
  readonly rssMib: number;
};

export function makeProfile(): Profile {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-e2e-'));
  const profile = { folder, dataFolder: path.join(folder, 'data'), home: path.join(folder, 'home') };
  mkdirSync(path.join(profile.home, '.ssh'), { recursive: true, mode: 0o700 });
  mkdirSync(temporaryOf(profile), { mode: 0o700 });
  return {
    ...profile,
    remove: () => {
      for (let round = 0; round < 5 && killOwners(folder) > 0; round += 1);
      removeCgroups(profile.dataFolder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What Chromium and Playwright put into the temporary folder stays there when the app is killed, so it goes with the
 * profile. A short name: Chromium has a socket in it, whose path may have 107 characters.
 */
function temporaryOf(profile: Pick<Profile, 'folder'>): string {
  return path.join(profile.folder, 'tmp');
}

/** Empty folders that agents killed above could not take away themselves. */
function removeCgroups(dataFolder: string): void {
  const demo = path.join(dataFolder, 'demo');
  const slices = existsSync(demo) ? readdirSync(demo).map((name) => path.join(demo, name)) : [];
  for (const agentFolder of [path.join(dataFolder, 'agent'), ...slices]) {
    const file = path.join(agentFolder, 'agent.json');
    const id = existsSync(file)
      ? /"a-[0-9A-Za-z_-]+"/.exec(readFileSync(file, 'utf8'))?.[0].slice(1, -1)
      : undefined;
    if (id === undefined) continue;
    for (const place of readdirSync('/sys/fs/cgroup'))
      removeEmpty(path.join('/sys/fs/cgroup', place, 'mesolite', id));
  }
}

/** rmdir from the leaves up: the kernel refuses one that still holds a process. */
function removeEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(path.join(folder, entry.name));
  }
  try {
    rmdirSync(folder);
  } catch {
    // a task of it is just ending: its folder stays, empty
  }
}

/** Processes that have this profile in their environment or command line: agents, their shims and tasks. */
export function pidsOf(folder: string): number[] {
  const found = [];
  for (const pid of procPids()) {
    if (pid === process.pid) continue;
    const text = `${readProc(pid, 'environ')}\0${readProc(pid, 'cmdline')}`;
    if (text.includes(folder)) found.push(pid);
  }
  return found;
}

function killOwners(folder: string): number {
  const pids = pidsOf(folder);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended by itself
    }
  }
  return pids.length;
}

function procPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

export type StartOptions = {
  readonly profile: Profile;
  readonly env?: Readonly<Record<string, string>>;
  /** Behind the app's own path, like `--demo`. */
  readonly args?: readonly string[];
};

export async function startApp({ profile, env = {}, args = [] }: StartOptions): Promise<AppUnderTest> {
  const executablePath = process.env.MESOLITE_ELECTRON;
  if (!executablePath) throw new Error('MESOLITE_ELECTRON is not set: run this by `npm test -- e2e`');
  const electron = await _electron.launch({
    executablePath,
    artifactsDir: temporaryOf(profile),
    args: ['-r', hold, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', root, ...args],
    env: {
      ...plainEnv(),
      TMPDIR: temporaryOf(profile),
      MESOLITE_DATA: profile.dataFolder,
      HOME: profile.home,
      MESOLITE_TEST: '1',
      ...env,
    },
    timeout: 30_000,
  });
  let text = '';
  const child = electron.process();
  child.stdout?.on('data', (piece: Buffer) => (text += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (text += piece.toString()));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await electron.evaluate(() => (globalThis as unknown as { letAppStart(): void }).letAppStart());
  const page = await electron.firstWindow({ timeout: 30_000 });
  await page.waitForURL('app://mesolite/**');
  await hasBridge(page, profile);
  return {
    electron,
    page,
    profile,
    output: () => text,
    hasEnded,
    crash: async () => {
      child.kill('SIGKILL');
      await until(hasEnded, { what: 'the killed app is gone', capMs: 10_000 });
    },
    quit: async () => {
      // The evaluation never answers, as the process ends under it.
      void electron.evaluate(({ app }) => setImmediate(() => app.quit())).catch(() => undefined);
      await until(hasEnded, { what: 'the app ended after quit', capMs: 20_000 });
    },
  };
}

/**
 * Without it nothing works, and what is there instead is the only trace of why. The page of a database in trouble has
 * none: it has no script.
 */
async function hasBridge(page: Page, profile: Profile): Promise<void> {
  try {
    await until(() => page.evaluate(() => 'mesolite' in window || location.pathname === '/trouble'), {
      what: 'the page has its bridge',
    });
  } catch (cause) {
    const facts = await page.evaluate(() => [
      document.URL,
      document.readyState,
      document.documentElement.outerHTML.slice(0, 500),
    ]);
    const log = readLog(profile).split('\n').slice(-20);
    throw new Error(['no bridge in the page', ...facts, ...log].join('\n'), { cause });
  }
}

function plainEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries.filter(([name]) => name !== 'SSH_AUTH_SOCK' && name !== 'NODE_OPTIONS'));
}

function readMetrics(profile: Profile): Blocking {
  return JSON.parse(readFileSync(metricsFile(profile), 'utf8')) as Blocking;
}

function metricsFile(profile: Profile): string {
  return path.join(profile.dataFolder, 'main-metrics.json');
}

/** Measured up to now: the file is written each second. */
async function freshMetrics(profile: Profile): Promise<Blocking> {
  const nowMs = Date.now();
  await until(() => statSync(metricsFile(profile)).mtimeMs > nowMs, { what: 'the measures were written' });
  return readMetrics(profile);
}

/** Starts the measuring anew, so that one part of a test is measured alone. */
export async function resetMetrics(profile: Profile): Promise<void> {
  const file = path.join(profile.dataFolder, 'main-metrics.reset');
  writeFileSync(file, '');
  await until(() => !existsSync(file), { what: 'the measuring began anew', capMs: 5000 });
}

/**
 * How long the main process was blocked since the last reset, in a line that `npm run bench -- journey` reads. No test
 * asserts the maximum: on a shared machine the same code needs 8 ms of CPU in one run and 54 in another.
 */
export async function tellBlocking(profile: Profile, part: string): Promise<Blocking> {
  const blocking = await freshMetrics(profile);
  const { probes, worst, rssMib, ...numbers } = blocking;
  const words = JSON.stringify({ part, ...numbers, probes, rssMib, worst: worst.slice(0, 3) });
  console.log(`main process blocked ${words}`);
  return blocking;
}

export function readLog(profile: Profile): string {
  return readFileSync(path.join(profile.dataFolder, 'logs', 'main.log'), 'utf8');
}
