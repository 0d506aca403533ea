/** Logins that are rarer: agents and passphrases, second factors, expired passwords, accounts that are not for shells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../electron/contract/channels.ts';
import { until } from '../support/wait.ts';
import { Driver } from './adapters-driver.ts';
import { diffFiles } from './listing.ts';
import { createLan, type Lan } from './vlan.ts';

let lan: Lan;
let driver: Driver;
let agentPid = 0;

beforeAll(async () => {
  lan = await createLan({
    hosts: [
      {
        name: 'host1',
        users: [
          { name: 'lab', password: 'lab' },
          { name: 'late', password: 'lab' },
          { name: 'files', password: 'lab' },
        ],
        sshd: { extra: ['Match User files', 'ForceCommand internal-sftp', 'Match all'] },
      },
      { name: 'strict', sshd: { extra: ['AuthenticationMethods publickey,password'] } },
      { name: 'crowded', sshd: { extra: ['MaxStartups 1:100:1'] } },
    ],
  });
  const socket = join(lan.desk.scratch, 'agent.sock');
  const started = await lan.desk.exec('ssh-agent', ['-a', socket]);
  agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(started.stdout)?.[1]);
  driver = await Driver.start(lan, lan.desk.scratch, { env: { SSH_AUTH_SOCK: socket } });
}, 120_000);
afterAll(async () => {
  await driver?.stop();
  if (agentPid > 0) process.kill(agentPid);
  await lan?.destroy();
});

const password: Credentials = { kind: 'password', password: 'lab', plantKey: true };
const sshAgent: Credentials = { kind: 'login', login: { kind: 'ssh-agent' }, passphrase: null };
const keyFile = (path: string, passphrase: string | null = null): Credentials => ({
  kind: 'login',
  login: { kind: 'key-file', path },
  passphrase,
});
const toPrivileges = { address: 'host1', user: 'lab', before: 'space' } as const;

describe('a login', () => {
  it('with an empty ssh-agent is refused here, and works when the agent has the key', async () => {
    const empty = await driver.add({ ...toPrivileges, credentials: sshAgent });
    expect(empty.refusal).toMatchObject({ reason: 'ssh-agent-empty' });
    const socket = join(lan.desk.scratch, 'agent.sock');
    const env = { ...process.env, SSH_AUTH_SOCK: socket };
    expect((await lan.desk.exec('ssh-add', [lan.desk.keyPath], { env })).code).toBe(0);
    const outcome = await driver.add({ ...toPrivileges, credentials: sshAgent });
    expect(outcome.refusal).toBeNull();
    expect(outcome.learned).toMatchObject({ login: { kind: 'ssh-agent' }, keyPlanted: false });
  });

  it('with a protected key file plants our own key, so that the passphrase is needed only once', async () => {
    const path = join(lan.desk.scratch, 'locked');
    await lan.desk.exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'sesame', '-f', path]);
    await lan
      .host('host1')
      .run(`echo '${readFileSync(`${path}.pub`, 'utf8').trim()}' >>/home/lab/.ssh/authorized_keys`);
    const before = lan.host('host1').listEverything();
    const request = { ...toPrivileges, credentials: keyFile(path, 'sesame') };
    const outcome = await driver.add(request);
    expect(outcome.refusal).toBeNull();
    expect(outcome.learned).toMatchObject({ login: { kind: 'own-key' }, keyPlanted: true });
    await driver.cleanUp(outcome, request);
    expect(diffFiles(before, lan.host('host1').listEverything())).toEqual({
      added: [],
      removed: [],
      changed: [],
    });
  });

  it('that needs a second factor says what is asked for besides', async () => {
    const outcome = await driver.add({
      address: 'strict',
      user: 'lab',
      credentials: keyFile(lan.desk.keyPath),
    });
    expect(outcome).toMatchObject({ failedStep: 'login', refusal: { reason: 'login-needs-more' } });
    expect(outcome.refusal?.detail).toContain('password');
  });

  it('with an expired password says so', async () => {
    await lan.host('host1').run('chage -d 0 late');
    const outcome = await driver.add({ address: 'host1', user: 'late', credentials: password });
    expect(outcome).toMatchObject({ failedStep: 'login', refusal: { reason: 'password-expired' } });
  });

  it('to an account for files only says that no command may run', async () => {
    const outcome = await driver.add({ address: 'host1', user: 'files', credentials: password });
    expect(outcome).toMatchObject({
      failedStep: 'login',
      refusal: { code: 'unsupported', reason: 'shell-refused' },
    });
  });

  it('at a server that takes no more of them says that it is busy', async () => {
    const crowd = lan.desk.spawn('bash', ['-c', 'exec 9<>/dev/tcp/crowded/22; echo in; sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    crowd.stdout?.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
    await until(() => said.includes('in'), { what: 'one login is under way' });
    try {
      const outcome = await driver.add({ address: 'crowded', user: 'lab', credentials: password });
      expect(outcome).toMatchObject({ failedStep: 'identify', refusal: { reason: 'closed-early' } });
    } finally {
      crowd.kill('SIGKILL');
    }
  });
});

describe('a connection that breaks', () => {
  it('while a step runs is told as the loss of the machine, and what was made goes at the clean-up after it heals', async () => {
    const host = lan.host('host1');
    const before = host.listEverything();
    const request = { address: 'host1', user: 'lab', credentials: password, before: 'privileges' } as const;
    const outcome = await driver.add(request);
    expect(outcome.refusal).toBeNull();
    const context = {
      machineId: outcome.machineId,
      attempt: 1,
      address: 'host1',
      port: 22,
      user: 'lab',
      hostKey: outcome.learned.hostKey ?? null,
      learned: outcome.learned,
    };
    await host.dropInbound();
    const finished = await driver.step('privileges', context);
    expect(finished.outcome).toMatchObject({
      kind: 'failed',
      refusal: { code: 'timeout', reason: 'link-lost' },
    });
    await host.clear();
    await driver.cancel(context);
    expect(diffFiles(before, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
  });
});
