// The agent of this computer: started when it does not run, reached over its unix socket, no SSH.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { access, mkdir, open, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';

const startTimeoutMs = 8000;
/** `sun_path` holds 108 bytes with its NUL; macOS 104. */
const maxSocketPathBytes = 100;

export type LocalAgentOptions = {
  /** `<agentDir>/<os>-<arch>/mesolite-agent`, or null when there is none for this computer. */
  readonly binary: string | null;
  /** `<userData>/agent`, or the folder of a slice. */
  readonly dir: string;
  /** Own only this much of the computer, in the words of `--capacity`; null = all of it. */
  readonly capacity: string | null;
  /** Trouble for the bar at the top; null = it works again. */
  readonly onFault: (detail: string | null) => void;
  readonly log: (line: string) => void;
};

export type LocalChannel = {
  readonly stream: Socket;
  readonly hasPreamble: false;
  close(): void;
  whyEnded(): Refusal | null;
};

/** Folder and file name of the agents, as the build lays them out. */
export function localAgentBinary(agentFolder: string, platform: string, arch: string): string | null {
  const arches: Readonly<Record<string, string>> = {
    x64: 'amd64',
    arm64: 'arm64',
    arm: 'arm',
    riscv64: 'riscv64',
  };
  const name = arches[arch];
  if (name === undefined || (platform !== 'linux' && platform !== 'darwin')) return null;
  return join(agentFolder, `${platform}-${name}`, 'mesolite-agent');
}

export class LocalAgent {
  private readonly options: LocalAgentOptions;
  private starting: Promise<Result<null>> | null = null;
  /** Until the newest starter has ended, whoever still waits for it. */
  private starter: Promise<unknown> = Promise.resolve();

  constructor(options: LocalAgentOptions) {
    this.options = options;
  }

  /** Starts it when nothing answers. */
  async dial(signal: AbortSignal): Promise<Result<LocalChannel>> {
    const result = await this.reach(signal);
    this.options.onFault(result.ok ? null : result.refusal.detail);
    if (!result.ok) return result;
    const socket = result.value;
    return ok({ stream: socket, hasPreamble: false, close: () => socket.destroy(), whyEnded: () => null });
  }

  /** No start is under way any more: what does not run now does not come up later by itself. */
  async settled(): Promise<void> {
    await this.starter;
  }

  private async reach(signal: AbortSignal): Promise<Result<Socket>> {
    const running = await this.tryConnect();
    if (running !== null) return ok(running);
    this.starting ??= this.start(signal).finally(() => {
      this.starting = null;
    });
    const started = await this.starting;
    if (!started.ok) return started;
    const socket = await this.tryConnect();
    if (socket !== null) return ok(socket);
    return refuse('unreachable', 'local-agent-not-started', 'it went away right after its start');
  }

  private async start(signal: AbortSignal): Promise<Result<null>> {
    const { binary, dir, capacity, log } = this.options;
    if (signal.aborted) return refuse('conflict', 'cancelled', 'nobody waits for it any more');
    if (binary === null) {
      return refuse('unsupported', 'local-agent-unsupported', `${process.platform} ${process.arch}`);
    }
    const refused = await prepare(binary, dir);
    if (refused !== null) return { ok: false, refusal: refused };
    const outputPath = join(dir, 'start.log');
    const output = await open(outputPath, 'w', 0o600);
    // It puts the daemon in a session of its own and ends when that answers, or with its words when it does not.
    const share = capacity === null ? [] : ['--capacity', capacity];
    const child = spawn(binary, ['daemon', '--dir', dir, ...share], {
      cwd: '/',
      stdio: ['ignore', output.fd, output.fd],
      env: agentEnv(process.env),
    });
    this.starter = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    log(`local agent: starting ${binary}`);
    // Listens before anything is waited for: the child may end at once.
    const [ended] = await Promise.all([waitForEnd(child, signal), output.close()]);
    if (ended === 'started') return ok(null);
    return refuse('internal', 'local-agent-not-started', `${ended}: ${await tail(outputPath)}`);
  }

  private tryConnect(): Promise<Socket | null> {
    const place = socketPlace(this.options.dir);
    return new Promise((resolve) => {
      const socket = connect({ path: place.path });
      const settle = (result: Socket | null) => {
        place.release();
        socket.removeAllListeners();
        socket.on('error', () => {});
        resolve(result);
      };
      socket.once('connect', () => settle(socket));
      socket.once('error', () => settle(null));
    });
  }
}

/**
 * A unix socket's address holds only about 100 bytes, and profiles lie in deep folders. On Linux a long one is
 * reached through an open handle of its folder.
 */
export function socketPlace(dir: string): { readonly path: string; release(): void } {
  const path = join(dir, 'sock');
  if (Buffer.byteLength(path) <= maxSocketPathBytes || process.platform !== 'linux') {
    return { path, release: () => {} };
  }
  let handle: number;
  try {
    handle = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return { path, release: () => {} }; // no folder yet: connecting fails as it should
  }
  return { path: `/proc/self/fd/${handle}/sock`, release: () => closeSync(handle) };
}

function waitForEnd(child: ChildProcess, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const settle = (words: string) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(words);
    };
    const stop = (words: string) => {
      child.kill('SIGKILL');
      settle(words);
    };
    const onAbort = () => settle('nobody waits for it any more');
    const timer = setTimeout(() => stop(`no answer in ${startTimeoutMs / 1000} s`), startTimeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, killedBy) => {
      if (code === 0) settle('started');
      else settle(killedBy === null ? `it ended with code ${code}` : `it was ended by ${killedBy}`);
    });
  });
}

async function prepare(binary: string, dir: string): Promise<Refusal | null> {
  try {
    await access(binary, constants.X_OK);
  } catch {
    return {
      code: 'not-found',
      reason: 'local-agent-missing',
      detail: `${binary} is not there or may not run`,
    };
  }
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return null;
  } catch (error) {
    return { code: 'internal', reason: 'local-agent-not-started', detail: `${dir}: ${String(error)}` };
  }
}

/** Tasks inherit the agent's environment: nothing of Electron's and no secrets of this app's may be in it. */
function agentEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const keep = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR', 'XDG_RUNTIME_DIR'];
  return Object.fromEntries(keep.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

async function tail(path: string): Promise<string> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return text === '' ? 'it said nothing' : text.slice(-500);
  } catch {
    return 'it said nothing';
  }
}
