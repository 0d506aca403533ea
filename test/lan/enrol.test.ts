/**
 * Adding a machine over real networks and real sshds: every way it can fail says why, makes no more login attempts than
 * it says, and leaves nothing behind.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../electron/contract/channels.ts';
import { isReason } from '../../electron/contract/reasons.ts';
import { type AddOutcome, type AddRequest, Driver } from './adapters-driver.ts';
import { diffFiles, FISH_TRACES, type Listing, LOGIN_TRACES } from './listing.ts';
import type { HostSpec } from './spec.ts';
import { createLan, type Lan } from './vlan.ts';

const pass = 'Correct-Horse-7';
const hosts: readonly HostSpec[] = [
  {
    name: 'good',
    users: [
      { name: 'root' },
      { name: 'lab', password: pass, sudo: 'nopasswd', authorizedKeys: ['ssh-rsa AAAAB3Nza old@key  '] },
      { name: 'ann', password: pass, deskKey: false },
      { name: 'fishy', password: pass, shell: 'fish' },
      { name: 'tina', password: pass, shell: 'tcsh' },
      { name: 'nolog', password: pass, shell: 'nologin' },
      {
        name: 'noisy',
        password: pass,
        bashrc: 'echo "Welcome to $(hostname)"; printf "no newline, \\033[31mred\\033[0m"; echo oops >&2',
      },
      { name: 'stuck', home: 'unwritable' },
      { name: 'full', home: { spaceKib: 8192 } },
      { name: 'nox', home: 'noexec' },
      { name: 'asks', password: pass, sudo: 'password' },
    ],
  },
  { name: 'narrow', sshd: { maxSessions: 1, tcpForwarding: false } },
  { name: 'mips', cpu: 'mips64' },
  { name: 'prompts', sshd: { extra: ['PasswordAuthentication no', 'KbdInteractiveAuthentication yes'] } },
  { name: 'keysonly', sshd: { passwordLogin: false, extra: ['KbdInteractiveAuthentication no'] } },
  { name: 'rekeyed' },
];

let lan: Lan;
let driver: Driver;
let keyFolder: string;

beforeAll(async () => {
  lan = await createLan({ hosts });
  const agents = join(lan.desk.scratch, 'agents');
  mkdirSync(join(agents, 'linux-amd64'), { recursive: true });
  // These tests end before the agent matters; with-agent.test.ts uses the real one.
  writeFileSync(join(agents, 'linux-amd64/mesolite-agent'), '#!/bin/sh\necho "stand-in $1"\n');
  driver = await Driver.start(lan, agents);
  keyFolder = join(lan.desk.scratch, 'keys');
  mkdirSync(keyFolder);
}, 120_000);
afterAll(async () => {
  await driver?.stop();
  await lan?.destroy();
});

const password = (text: string): Credentials => ({ kind: 'password', password: text, plantKey: true });
const deskKey = (): Credentials => keyFile(lan.desk.keyPath);
const keyFile = (path: string, passphrase: string | null = null): Credentials => ({
  kind: 'login',
  login: { kind: 'key-file', path },
  passphrase,
});

/** Adds, and proves that a failure (and its clean-up) left the host as it was. */
async function failsCleanly(host: string, request: Omit<AddRequest, 'address'>): Promise<AddOutcome> {
  const before = lan.host(host).listEverything();
  const outcome = await driver.add({ address: host, ...request });
  expect(outcome.refusal, 'it must fail').not.toBeNull();
  expect(isReason(outcome.refusal?.reason ?? ''), outcome.refusal?.reason).toBe(true);
  expectNothingLeft(host, before);
  return outcome;
}

function expectNothingLeft(host: string, before: Listing): void {
  const after = lan.host(host).listEverything();
  const traces = [...LOGIN_TRACES, ...FISH_TRACES];
  expect(diffFiles(before, after, traces)).toEqual({ added: [], removed: [], changed: [] });
  expect(after.authorizedKeys).toEqual(before.authorizedKeys);
  expect(after.processes.filter((one) => /mesolite-agent/.test(one.command))).toEqual([]);
}

function sshdLog(host: string): string {
  return readFileSync(join(lan.folder, 'hosts', host, 'log'), 'utf8');
}

/** Lines of sshd about failed logins since the mark. */
function failedLogins(host: string, from: number): string[] {
  return sshdLog(host)
    .slice(from)
    .split('\n')
    .filter((line) => /^Failed (password|publickey|keyboard-interactive)/.test(line));
}

describe('a login', () => {
  it('with a wrong password is one attempt, refused with what the server offers', async () => {
    const mark = sshdLog('good').length;
    const outcome = await failsCleanly('good', { user: 'lab', credentials: password('wrong') });
    expect(outcome).toMatchObject({
      failedStep: 'login',
      refusal: { code: 'unauthorized', reason: 'login-refused' },
    });
    expect(outcome.refusal?.detail).toBe('lab: the server offers publickey, password');
    expect(failedLogins('good', mark)).toHaveLength(1);
  });

  it('of an unknown user is one attempt and reads the same', async () => {
    const mark = sshdLog('good').length;
    const outcome = await failsCleanly('good', { user: 'nobody-here', credentials: password(pass) });
    expect(outcome.refusal).toMatchObject({ reason: 'login-refused' });
    expect(failedLogins('good', mark)).toHaveLength(1);
  });

  it('by password where only keys are taken makes no attempt at all', async () => {
    const mark = sshdLog('keysonly').length;
    const outcome = await failsCleanly('keysonly', { user: 'lab', credentials: password('lab') });
    expect(outcome.refusal).toMatchObject({ reason: 'login-method-not-offered' });
    expect(outcome.refusal?.detail).toContain('publickey');
    expect(failedLogins('keysonly', mark)).toEqual([]);
  });

  it('where PAM asks with a prompt takes the password', async () => {
    const outcome = await driver.add({
      address: 'prompts',
      user: 'lab',
      credentials: password('lab'),
      before: 'space',
    });
    expect(outcome.refusal).toBeNull();
    expect(outcome.learned).toMatchObject({ keyPlanted: true, login: { kind: 'own-key' } });
  });

  it.each([
    ['a file that is not there', 'missing', 'key-file-missing'],
    ['a public key', 'public', 'key-file-public'],
    ['something else', 'nonsense', 'key-file-not-a-key'],
    ['a key with a passphrase, without it', 'locked', 'key-passphrase-needed'],
    ['a folder', '', 'key-file-not-a-key'],
  ])('with %s is refused before the machine is troubled', async (_what, name, reason) => {
    await makeKeys();
    const mark = sshdLog('good').length;
    const outcome = await failsCleanly('good', { user: 'lab', credentials: keyFile(join(keyFolder, name)) });
    expect(outcome).toMatchObject({ failedStep: 'login', refusal: { reason } });
    expect(failedLogins('good', mark)).toEqual([]);
  });

  it('with the wrong passphrase is refused here', async () => {
    await makeKeys();
    const credentials = keyFile(join(keyFolder, 'locked'), 'not it');
    const outcome = await failsCleanly('good', { user: 'lab', credentials });
    expect(outcome.refusal).toMatchObject({ reason: 'key-passphrase-wrong' });
  });

  it('without an ssh-agent on this computer is refused here', async () => {
    const credentials: Credentials = { kind: 'login', login: { kind: 'ssh-agent' }, passphrase: null };
    const outcome = await failsCleanly('good', { user: 'lab', credentials });
    expect(outcome.refusal).toMatchObject({ reason: 'ssh-agent-absent' });
  });

  it('to an account that may not run commands quotes what it says', async () => {
    const outcome = await failsCleanly('good', { user: 'nolog', credentials: password(pass) });
    expect(outcome.refusal).toMatchObject({ reason: 'shell-refused' });
    expect(outcome.refusal?.detail).toContain('This account is currently not available');
  });

  async function makeKeys(): Promise<void> {
    writeFileSync(join(keyFolder, 'nonsense'), 'hello\n');
    writeFileSync(join(keyFolder, 'public'), `${lan.desk.publicKey}\n`);
    await lan.desk.exec('sh', [
      '-c',
      '[ -e "$1" ] || ssh-keygen -q -t ed25519 -N sesame -f "$1"',
      'sh',
      join(keyFolder, 'locked'),
    ]);
  }
});

describe('a changed host key', () => {
  it('stops everything before a name or a credential leaves', async () => {
    const host = lan.host('rekeyed');
    const first = await driver.add({
      address: 'rekeyed',
      user: 'lab',
      credentials: deskKey(),
      before: 'login',
    });
    const pinned = first.learned.hostKey;
    expect(pinned?.fingerprint).toBe(await host.fingerprint());
    await host.changeHostKey();
    const mark = sshdLog('rekeyed').length;
    const request = {
      user: 'lab',
      credentials: password('lab'),
      ...(pinned === undefined ? {} : { hostKey: pinned }),
    };
    const outcome = await failsCleanly('rekeyed', request);
    expect(outcome.refusal).toMatchObject({ code: 'conflict', reason: 'host-key-changed' });
    expect(outcome.refusal?.detail).toContain(await host.fingerprint());
    expect(sshdLog('rekeyed').slice(mark)).not.toMatch(/Failed|Accepted|for lab|user lab/);
  });
});

describe('a machine that does not fit', () => {
  it.each([
    ['home not writable', 'good', 'stuck', 'space', 'home-not-writable', /\/home\/stuck\/\.mesolite/],
    ['no space', 'good', 'full', 'space', 'no-space', /[0-9]+ MiB free, 64 needed/],
    ['noexec home', 'good', 'nox', 'space', 'noexec', /\/home\/nox\/\.mesolite/],
    ['unsupported CPU', 'mips', 'lab', 'privileges', 'unsupported-cpu', /^mips64$/],
  ])('%s is named before anything is uploaded', async (_what, host, user, step, reason, detail) => {
    const outcome = await failsCleanly(host, { user, credentials: deskKey() });
    expect(outcome).toMatchObject({ failedStep: step, refusal: { reason } });
    expect(outcome.refusal?.detail).toMatch(detail);
  });
});

describe('login shells and their start files', () => {
  it.each([
    ['fish', 'fishy'],
    ['tcsh', 'tina'],
    ['a noisy .bashrc', 'noisy'],
    ['sudo that asks for a password', 'asks'],
    ['no key and no .ssh before', 'ann'],
  ])('with %s it works, and a cancelled lane leaves nothing', async (_what, user) => {
    const before = lan.host('good').listEverything();
    const request: AddRequest = { address: 'good', user, credentials: password(pass), before: 'start' };
    const outcome = await driver.add(request);
    expect(outcome.refusal).toBeNull();
    expect(outcome.learned).toMatchObject({
      agentDir: `/home/${user}/.mesolite`,
      sudo: false,
      hostname: 'good',
    });
    const said = outcome.steps.map((step) => step.answered).join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the very thing that must not be there
    expect(said).not.toMatch(/[\u0000-\u0008\u001b]|Welcome/);
    expect(lan.host('good').listEverything().files.get(`/home/${user}/.mesolite`)).toMatchObject({
      mode: '0700',
    });
    await driver.cleanUp(outcome, request);
    expectNothingLeft('good', before);
  });

  it('with MaxSessions 1 and no forwarding it works over one channel at a time', async () => {
    const request: AddRequest = {
      address: 'narrow',
      user: 'lab',
      credentials: password('lab'),
      before: 'start',
    };
    const before = lan.host('narrow').listEverything();
    const outcome = await driver.add(request);
    expect(outcome.refusal).toBeNull();
    await driver.cleanUp(outcome, request);
    expectNothingLeft('narrow', before);
  });
});

describe('authorized_keys', () => {
  it('keeps every other line byte for byte, also without a last newline', async () => {
    const host = lan.host('good');
    const file = '/home/lab/.ssh/authorized_keys';
    await host.run(`printf 'ssh-rsa AAAA odd  spaces\\t\\r\\n# a comment' >${file}; chmod 640 ${file}`);
    const before = host.listEverything();
    const request: AddRequest = {
      address: 'good',
      user: 'lab',
      credentials: password(pass),
      before: 'privileges',
    };
    const outcome = await driver.add(request);
    const planted = await host.run(`cat ${file}`);
    expect(planted.split('\n')[0]).toBe(`restrict ${driver.ownPublicKey} mesolite:master-lan`);
    expect(planted.split('\n').slice(1).join('\n')).toBe('ssh-rsa AAAA odd  spaces\t\r\n# a comment');
    await driver.cleanUp(outcome, request);
    expectNothingLeft('good', before);
  });
});

describe('secrets', () => {
  it('are in no argument, environment, answer or log line', async () => {
    const canary = 'Canary-4711-Password';
    await lan.host('good').run(`echo 'ann:${canary}' | chpasswd`);
    const request: AddRequest = {
      address: 'good',
      user: 'ann',
      credentials: password(canary),
      before: 'start',
    };
    const adding = driver.add(request);
    const seen: string[] = [];
    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        for (const pid of [driver.child.pid, ...lan.host('good').pids()]) {
          for (const file of ['cmdline', 'environ']) seen.push(readQuietly(`/proc/${pid}/${file}`));
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const watching = watch();
    const outcome = await adding;
    isOver = true;
    await watching;
    expect(outcome.refusal).toBeNull();
    await driver.cleanUp(outcome, request);
    expect(seen.length).toBeGreaterThan(100);
    const all = [...seen, JSON.stringify(driver.events), driver.log.join('\n'), sshdLog('good')].join('\n');
    expect(all).not.toContain(canary);
  });
});

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
