/** Every adverse condition a spec can ask for really is as named; the app's own tests then rely on it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/wait.ts';
import { ADVERSE_HOSTS } from './adverse.ts';
import { diffFiles, FISH_TRACES, LOGIN_TRACES } from './listing.ts';
import type { RunResult } from './run.ts';
import type { SshHabit } from './serve.ts';
import { createLan, type Lan } from './vlan.ts';

let lan: Lan;

beforeAll(async () => {
  lan = await createLan({ hosts: ADVERSE_HOSTS });
}, 60_000);

afterAll(() => lan?.destroy());

function ssh(to: string, line: string, options: readonly string[] = []): Promise<RunResult> {
  const quiet = ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=3', '-o', 'ServerAliveInterval=2'];
  return lan.desk.exec('ssh', [...quiet, ...options, to, line], { capMs: 15_000 });
}

function sshByPassword(to: string, password: string, line: string): Promise<RunResult> {
  const noKey = ['-o', 'PubkeyAuthentication=no', '-o', 'NumberOfPasswordPrompts=1'];
  return lan.desk.exec('sshpass', ['-p', password, 'ssh', ...noKey, to, line], { capMs: 15_000 });
}

describe('users', () => {
  it('get in by password alone when they have no key, and have no ~/.ssh', async () => {
    expect((await ssh('ann@users', 'true')).stderr).toContain('Permission denied (publickey,password)');
    expect(await sshByPassword('ann@users', 'ann', 'ls -A ~/.ssh')).toMatchObject({ code: 2, stdout: '' });
  });

  it.each([
    ['fay', 'echo $version', /^3\./],
    ['tom', 'echo $tcsh', /^6\./],
    ['dash', 'echo $0', /^sh$/],
  ])('of another login shell have it run the commands: %s', async (user, line, answer) => {
    expect((await ssh(`${user}@users`, line)).stdout.trim()).toMatch(answer);
  });

  it('of fish leave traces of fish only', async () => {
    const before = lan.host('users').listEverything();
    await ssh('fay@users', 'true');
    const diff = diffFiles(before, lan.host('users').listEverything(), [...LOGIN_TRACES, ...FISH_TRACES]);
    expect(diff).toMatchObject({ added: [], removed: [] });
  });

  it('with nologin get past the authentication and no further', async () => {
    expect(await ssh('nell@users', 'true')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('not available'),
    });
  });

  it('with a noisy .bashrc have its noise in front of every answer', async () => {
    const answer = await ssh('bob@users', 'echo answer');
    expect(answer).toMatchObject({
      code: 0,
      stdout: 'welcome to users\nanswer\n',
      stderr: 'and mind the step\n',
    });
  });

  it('keep the keys they had', async () => {
    const keys = lan.host('users').listEverything().authorizedKeys;
    expect(keys.get('kay')).toHaveLength(2);
    expect(keys.get('kay')?.[0]).toContain('kay@elsewhere');
    expect(keys.get('ann')).toEqual([]);
  });

  it('have the sudo they were given: none, with the password, without one', async () => {
    expect((await ssh('bob@users', 'sudo -n true')).code).toBe(1);
    expect((await ssh('sue@users', 'sudo -n true')).stderr).toContain('a password is required');
    expect((await ssh('sue@users', 'echo sue | sudo -S id -u 2>/dev/null')).stdout).toBe('0\n');
    expect((await ssh('sid@users', 'sudo -n id -u')).stdout).toBe('0\n');
  });

  it('that do not exist are refused as with a wrong password', async () => {
    const answer = await sshByPassword('nobody-here@users', 'lab', 'true');
    expect(answer.stderr).toContain('Permission denied');
  });

  it('include root with a key but, as on Debian, not with a password', async () => {
    expect((await ssh('root@users', 'id -u')).stdout).toBe('0\n');
    expect((await sshByPassword('root@users', 'top', 'id -u')).stdout).toBe('');
    expect((await sshByPassword('root@homes', 'top', 'id -u')).stdout).toBe('0\n');
  });
});

describe('a strict host', () => {
  const port = ['-p', '2222'];

  it('listens on its port only', async () => {
    expect((await ssh('lab@strict', 'true')).stderr).toContain('Connection refused');
    expect((await ssh('lab@strict', 'hostname', port)).stdout).toBe('strict\n');
  });

  it('lets no root and no password in', async () => {
    expect((await ssh('root@strict', 'true', port)).stderr).toContain('Permission denied (publickey)');
    const byPassword = await ssh('lab@strict', 'true', [...port, '-o', 'PubkeyAuthentication=no']);
    expect(byPassword.stderr).toContain('Permission denied (publickey)');
  });

  it('has no sudo', async () => {
    expect((await ssh('lab@strict', 'sudo true', port)).stderr).toMatch(/sudo: (command )?not found/);
  });

  it('says it has another CPU, to every form of the question', async () => {
    const answer = await ssh('lab@strict', 'uname -m; uname -sm; uname -s', port);
    expect(answer.stdout).toBe('mips64\nLinux mips64\nLinux\n');
  });

  it('has no cgroups', async () => {
    expect((await ssh('lab@strict', 'ls /sys/fs/cgroup | wc -l', port)).stdout).toBe('0\n');
  });

  it('forwards no TCP', async () => {
    const answer = await ssh('lab@strict', '', [...port, '-W', '127.0.0.1:2222']);
    expect(answer.stderr).toContain('administratively prohibited');
  });

  it('shows its banner, as extra lines of sshd_config say', async () => {
    expect((await ssh('lab@strict', 'true', port)).stderr).toBe('strict\n');
  });

  it('opens no third session on one connection', async () => {
    const socket = `${lan.desk.scratch}/mux`;
    const own = [...port, '-S', socket];
    const master = lan.desk.spawn('ssh', ['-M', '-N', ...own, 'lab@strict'], { stdio: 'ignore' });
    await until(() => ssh('lab@strict', '', [...own, '-O', 'check']).then((result) => result.code === 0), {
      what: 'the shared connection is open',
    });
    const held = [1, 2].map(() =>
      lan.desk.spawn('ssh', [...own, 'lab@strict', 'sleep 60'], { stdio: ['ignore', 'ignore', 'ignore'] }),
    );
    await until(() => sleepers() === 2, { what: 'two sessions run' });
    const third = await ssh('lab@strict', 'true', [...own, '-o', 'ControlMaster=no']);
    expect(third.stderr).toContain('Session open refused by peer');
    for (const child of [...held, master]) child.kill('SIGKILL');
  });

  function sleepers(): number {
    return lan
      .host('strict')
      .listEverything()
      .processes.filter((entry) => entry.command === 'sleep 60').length;
  }
});

describe('homes', () => {
  it.each([
    ['una', 'Permission denied'],
    ['rob', 'Read-only file system'],
    ['root', 'Read-only file system'],
  ])('that cannot be written: %s', async (user, reason) => {
    const answer = await ssh(`${user}@homes`, 'echo x >~/x');
    expect(answer.code).not.toBe(0);
    expect(answer.stderr).toContain(reason);
  });

  it('that are noexec take a program but do not run it', async () => {
    const answer = await ssh('ned@homes', 'cp /bin/true ~/prog && ~/prog');
    expect(answer.code).toBe(126);
    expect(answer.stderr).toContain('Permission denied');
  });

  it('that are full say so, and have as little room as asked', async () => {
    const answer = await ssh(
      'tim@homes',
      'df -k --output=size ~ | tail -1; head -c 1000000 /dev/zero >~/big',
    );
    expect(Number(answer.stdout.trim())).toBe(256);
    expect(answer.stderr).toContain('No space left on device');
  });
});

describe('a server that is not sshd', () => {
  it('answers in HTTP', async () => {
    const server = await lan.serve({ host: 'odd', port: 22, kind: 'http' });
    const answer = await ssh('lab@odd', 'true');
    expect(answer.stderr).toMatch(/banner|identification|Connection closed/i);
    expect(server.seen()[0]).toBe('connect');
    await server.stop();
  });

  it('says nothing at all', async () => {
    const server = await lan.serve({ host: 'odd', port: 22, kind: 'silent' });
    expect((await ssh('lab@odd', 'true')).stderr).toContain('timed out during banner exchange');
    await server.stop();
  });

  it.each(['hang-up', 'garbage'] as const)('is a nuisance: %s', async (kind) => {
    const server = await lan.serve({ host: 'odd', port: 22, kind });
    expect((await ssh('lab@odd', 'true')).code).toBe(255);
    await server.stop();
  });

  it('is gone when it was stopped: the port is closed', async () => {
    expect((await ssh('lab@odd', 'true')).stderr).toContain('Connection refused');
  });
});

describe('an SSH server with a bad habit', () => {
  const trusting = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'];

  async function withHabit(
    habit: SshHabit,
    line = 'true',
  ): Promise<{ answer: RunResult; seen: readonly string[] }> {
    const server = await lan.serve({ host: 'odd', port: 22, kind: 'ssh', habit });
    try {
      const answer = await lan.desk.exec('timeout', [
        '4',
        'ssh',
        '-o',
        'BatchMode=yes',
        ...trusting,
        'lab@odd',
        line,
      ]);
      return { answer, seen: server.seen() };
    } finally {
      await server.stop();
    }
  }

  const TIMED_OUT = 124;

  it('works when it has none', async () => {
    const { answer, seen } = await withHabit('well-behaved', 'uptime');
    expect(answer).toMatchObject({ code: 0, stdout: 'ok\n' });
    expect(seen).toContain('exec uptime');
  });

  it('offers only weak algorithms', async () => {
    expect((await withHabit('weak-algorithms')).answer.stderr).toContain('no matching key exchange method');
  });

  it('never answers the authentication', async () => {
    const { answer, seen } = await withHabit('auth-never-answers');
    expect(answer.code).toBe(TIMED_OUT);
    expect(seen.some((line) => line.startsWith('auth '))).toBe(true);
  });

  it('refuses everybody', async () => {
    expect((await withHabit('auth-refused')).answer.stderr).toContain('Permission denied');
  });

  it('drops the connection after the login', async () => {
    expect((await withHabit('drop-after-login')).answer.code).toBe(255);
  });

  it('refuses to run anything', async () => {
    expect((await withHabit('exec-refused')).answer).toMatchObject({ code: 255, stdout: '' });
  });

  it('never says what the command says', async () => {
    expect((await withHabit('exec-silent')).answer).toMatchObject({ code: TIMED_OUT, stdout: '' });
  });

  it('prints without end', async () => {
    const server = await lan.serve({ host: 'odd', port: 22, kind: 'ssh', habit: 'exec-endless' });
    const args = ['-o', 'BatchMode=yes', ...trusting, 'lab@odd', 'true'];
    const child = lan.desk.spawn('ssh', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let seenBytes = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      seenBytes += chunk.length;
    });
    await until(() => seenBytes > 5_000_000, { what: '5 MB have come', capMs: 30_000 });
    child.kill('SIGKILL');
    await server.stop();
  });

  it('ends the command without a code', async () => {
    expect((await withHabit('exec-no-code')).answer).toMatchObject({ code: 255, stdout: 'gone\n' });
  });
});
