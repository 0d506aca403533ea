/** The bed itself: what the other tests take for granted. Each condition of a host is in conditions.test.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/wait.ts';
import { diffFiles } from './listing.ts';
import { routesOut } from './net.ts';
import { plainHosts } from './spec.ts';
import { lanDir, loadState, namespaceOf, namespacesOf } from './state.ts';
import { pidsIn, sweepLeftovers } from './teardown.ts';
import { attachLan, createLan, type Lan } from './vlan.ts';

const HOST_COUNT = 8;
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

let lan: Lan;
let upMs = 0;

beforeAll(async () => {
  const startMs = performance.now();
  lan = await createLan({ hosts: plainHosts(HOST_COUNT) });
  upMs = performance.now() - startMs;
}, 60_000);

afterAll(() => lan?.destroy());

const ssh = (to: string, line: string, options: readonly string[] = []) =>
  lan.desk.exec('ssh', ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=2', ...options, to, line]);

function canReach(name: string): Promise<boolean> {
  return ssh(`lab@${name}`, 'true').then((result) => result.code === 0);
}

describe('a LAN of eight hosts', () => {
  it('is up, every host of it', () => {
    process.stderr.write(`${HOST_COUNT} hosts up in ${(upMs / 1000).toFixed(2)} s\n`);
    expect(lan.hosts.map((host) => host.isOn())).toEqual(Array.from({ length: HOST_COUNT }, () => true));
  });

  it('lets the desk in by key on every host, and each is another machine', async () => {
    const answers = await Promise.all(
      lan.hosts.map((host) => ssh(`lab@${host.name}`, 'hostname; id -un; cat /etc/machine-id')),
    );
    expect(answers.map((answer) => answer.stdout.split('\n').slice(0, 2))).toEqual(
      lan.hosts.map((host) => [host.name, 'lab']),
    );
    expect(new Set(answers.map((answer) => answer.stdout.split('\n')[2])).size).toBe(HOST_COUNT);
  });

  it('lets the desk in by password, and not by a wrong one', async () => {
    const byPassword = (password: string) =>
      lan.desk.exec('sshpass', [
        ...['-p', password, 'ssh', '-o', 'PubkeyAuthentication=no', '-o', 'NumberOfPasswordPrompts=1'],
        ...['lab@host2', 'echo in'],
      ]);
    expect(await byPassword('lab')).toMatchObject({ code: 0, stdout: 'in\n' });
    expect(await byPassword('not-lab')).toMatchObject({ stdout: '' });
  });

  it('lets hosts reach one another by name', async () => {
    const answer = await lan.host('host1').exec("bash -c 'exec 9<>/dev/tcp/host2/22 && head -c 4 <&9'");
    expect(answer.stdout).toBe('SSH-');
  });

  it('has no way out: no route leaves the LAN and the bridge has no address', async () => {
    const state = loadState(lan.prefix);
    const namespaces = state === undefined ? [] : namespacesOf(state);
    expect(namespaces).toHaveLength(HOST_COUNT + 2);
    for (const namespace of namespaces) expect(await routesOut(namespace), namespace).toEqual([]);
    const bridge = await lan.desk.exec('ip', [
      '-n',
      namespaceOf(lan.prefix, 'lan'),
      '-4',
      'addr',
      'show',
      'br0',
    ]);
    expect(bridge.stdout).toBe('');
  });

  it('shows a host nothing of the machine below but its programs', async () => {
    expect(await lan.host('host1').run('ls -A /home /srv /opt /tmp /mnt | tr "\\n" " "')).toBe(
      '/home: lab  /mnt:  /opt:  /srv:  /tmp:',
    );
    expect(await lan.host('host1').run('[ -e /work ] || [ -e /var/lib/mesolite-lan ] || echo none')).toBe(
      'none',
    );
    await lan.host('host1').run('rm -f /etc/passwd- /usr/bin/cal; echo wrecked >/etc/os-release');
    expect(readFileSync('/etc/os-release', 'utf8')).not.toContain('wrecked');
  });

  it('gives a host cgroups of its own that it can write', async () => {
    const host = lan.host('host1');
    const base = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
    await host.run(`mkdir ${base}/mine; sleep 60 >/dev/null 2>&1 & echo $! >${base}/mine/cgroup.procs`);
    expect(await host.run(`wc -l <${base}/mine/cgroup.procs`)).toBe('1');
    expect(await lan.host('host2').run(`ls ${base}`)).not.toContain('mine');
  });
});

describe('a cable', () => {
  it('can be cut and mended', async () => {
    const host = lan.host('host3');
    await host.cut();
    expect(await canReach('host3')).toBe(false);
    expect(await canReach('host4')).toBe(true);
    await host.mend();
    await until(() => canReach('host3'), { what: 'host3 is reachable again' });
  });

  it('can drop one direction only', async () => {
    const host = lan.host('host3');
    await host.dropInbound({ peer: lan.desk.address });
    expect(await canReach('host3')).toBe(false);
    await host.clear();
    await host.dropOutbound({ peer: lan.desk.address, port: 22 });
    expect(await canReach('host3')).toBe(false);
    await host.clear();
    expect(await canReach('host3')).toBe(true);
  });

  it('can lose a share of the packets, which TCP survives', async () => {
    const host = lan.host('host3');
    await host.lose(10);
    const counted = await lan.desk.exec('ssh', ['lab@host3', 'head -c 200000 /dev/zero | wc -c']);
    await host.clear();
    expect(counted.stdout.trim()).toBe('200000');
  });
});

describe('power', () => {
  it('goes off at once with everything that ran, and the disk is still there afterwards', async () => {
    const host = lan.host('host5');
    await ssh('lab@host5', 'echo kept >~/file; echo gone >/tmp/file; setsid sleep 300 >/dev/null 2>&1 &');
    const bootId = await host.run('cat /proc/sys/kernel/random/boot_id');
    await host.powerOff();
    expect(host.isOn()).toBe(false);
    expect(pidsIn([namespaceOf(lan.prefix, 'host5')])).toEqual([]);
    expect(await canReach('host5')).toBe(false);
    await host.powerOn();
    const after = await ssh(
      'lab@host5',
      'cat ~/file; ls /tmp; cat /proc/sys/kernel/random/boot_id; pgrep -c sleep',
    );
    const [file, nextBootId] = after.stdout.split('\n');
    expect(file).toBe('kept');
    expect(nextBootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(nextBootId).not.toBe(bootId);
  });
});

describe('the host key', () => {
  it('can change, and the desk notices', async () => {
    const host = lan.host('host6');
    const before = await host.fingerprint();
    expect(await canReach('host6')).toBe(true);
    await host.changeHostKey();
    expect(await host.fingerprint()).not.toBe(before);
    expect((await ssh('lab@host6', 'true')).stderr).toContain('REMOTE HOST IDENTIFICATION HAS CHANGED');
    const shown = await host.run('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
    expect(shown).toContain(await host.fingerprint());
  });
});

describe('a listing of everything', () => {
  it('shows no news after a login, and every kind of trace when there is one', async () => {
    const host = lan.host('host7');
    await ssh('lab@host7', 'sudo true');
    const before = host.listEverything();
    await ssh('lab@host7', 'sudo true');
    const unchanged = host.listEverything();
    expect(diffFiles(before, unchanged)).toEqual({ added: [], removed: [], changed: [] });
    // The processes of a session end a moment after the session.
    await until(() => host.pids().length === 3, { what: 'only init, its sleep and sshd are left' });
    // By pid, and pids begin anew after the largest.
    const names = host.listEverything().processes.map((entry) => entry.command.split(' ')[0]);
    expect(names.toSorted()).toEqual(['bash', 'sleep', 'sshd:']);

    await ssh(
      'lab@host7',
      'mkdir -p ~/.ours; echo 1 >~/.ours/a; echo ssh-ed25519 AAAA x >>~/.ssh/authorized_keys; chmod 755 ~;' +
        'sudo touch /etc/ours /usr/bin/ours /var/lib/ours /run/ours /opt/ours; sudo rm /etc/hostname;' +
        'nohup sleep 301 >/dev/null 2>&1 &',
    );
    const sleeper = { pid: expect.any(Number) as number, uid: 4243, command: 'sleep 301' };
    await until(() => host.listEverything().processes.some((entry) => entry.command === sleeper.command), {
      what: 'what was started in the background runs',
    });
    const after = host.listEverything();
    expect(diffFiles(before, after)).toEqual({
      added: [
        ...['/etc/ours', '/home/lab/.ours', '/home/lab/.ours/a', '/opt/ours', '/run/ours'],
        ...['/usr/bin/ours', '/var/lib/ours'],
      ],
      removed: [],
      changed: ['/etc/hostname', '/home/lab', '/home/lab/.ssh/authorized_keys'],
    });
    expect(after.authorizedKeys.get('lab')).toContain('ssh-ed25519 AAAA x');
    expect(after.processes).toContainEqual(sleeper);
  });
});

describe('the desk', () => {
  it('runs commands under their own pid, with the cgroups of the machine', async () => {
    const child = lan.desk.spawn('sh', ['-c', 'echo $$; exec sleep 300'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const first = await firstLine(child);
    expect(Number(first)).toBe(child.pid);
    child.kill('SIGKILL');
    const groups = await lan.desk.exec('ls', ['/sys/fs/cgroup']);
    expect(groups.stdout.trim().split('\n')).toEqual(
      expect.arrayContaining(readdirSync('/sys/fs/cgroup').slice(0, 3)),
    );
  });

  it('passes the environment on', async () => {
    const answer = await lan.desk.exec('sh', ['-c', 'echo $WORD'], {
      env: { ...process.env, WORD: 'two words' },
    });
    expect(answer.stdout).toBe('two words\n');
  });

  it('holds another handle on the same LAN, even one that boots a host', async () => {
    const told = await lan.desk.exec('sh', ['-c', 'echo $MESOLITE_LAN']);
    const other = attachLan(told.stdout.trim());
    await other.host('host8').powerOff();
    expect(lan.host('host8').isOn()).toBe(false);
    await other.host('host8').powerOn();
    expect(await lan.host('host8').run('hostname')).toBe('host8');
    expect(await canReach('host8')).toBe(true);
  });
});

describe('two LANs', () => {
  it('live side by side, with the same addresses, and do not see each other', async () => {
    const other = await createLan({ hosts: [{ name: 'host1' }] });
    try {
      expect(other.prefix).not.toBe(lan.prefix);
      expect(await other.host('host1').fingerprint()).not.toBe(await lan.host('host1').fingerprint());
      const answer = await other.desk.exec('ssh', ['lab@host1', 'hostname']);
      expect(answer.stdout).toBe('host1\n');
    } finally {
      await other.destroy();
    }
    expect(traces(other.prefix)).toEqual([]);
    expect(await canReach('host1')).toBe(true);
  });

  it('cannot have the same name', async () => {
    await expect(createLan({ hosts: plainHosts(1), prefix: lan.prefix })).rejects.toThrow('exists already');
    expect(await canReach('host1')).toBe(true);
  });
});

describe('what a run leaves', () => {
  it('is nothing after Ctrl-C or SIGTERM', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { child, prefix } = await startOwner();
      child.kill(signal);
      await until(() => child.signalCode, { what: 'the owner has ended', capMs: 20_000 });
      expect(child.signalCode).toBe(signal);
      expect(traces(prefix)).toEqual([]);
    }
  });

  it('is removed at the next start when the owner was killed', async () => {
    const { child, prefix } = await startOwner();
    const state = loadState(prefix);
    const namespaces = state === undefined ? [] : namespacesOf(state);
    child.kill('SIGKILL');
    await until(() => child.signalCode, { what: 'the owner has ended' });
    expect(pidsIn(namespaces).length).toBeGreaterThan(2);
    const next = await createLan({ hosts: plainHosts(1) });
    await next.destroy();
    expect(traces(prefix)).toEqual([]);
    expect(await canReach('host1')).toBe(true);
  });

  it('is nothing when the building fails half way', async () => {
    const prefix = 'mshalf';
    const broken = { hosts: [{ name: 'host1', sshd: { extra: ['NoSuchOption yes'] } }], prefix };
    await expect(createLan(broken)).rejects.toThrow('NoSuchOption');
    expect(traces(prefix)).toEqual([]);
  });

  it('is known by start time too, so that a reused pid does not protect it', () => {
    const folder = lanDir(lan.prefix);
    const state = JSON.parse(readFileSync(path.join(folder, 'state.json'), 'utf8')) as object;
    const owner = { pid: process.pid, startTicks: '1' };
    const prefix = 'msreused';
    mkdirSync(lanDir(prefix));
    writeFileSync(
      path.join(lanDir(prefix), 'state.json'),
      JSON.stringify({ ...state, prefix, owner, hosts: [] }),
    );
    expect(sweepLeftovers()).toContain(prefix);
    expect(existsSync(lanDir(prefix))).toBe(false);
  });
});

async function startOwner(): Promise<{ child: ChildProcess; prefix: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/lan/leave-behind.ts'], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, prefix: await firstLine(child) };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await until(() => text.includes('\n') || child.exitCode !== null, {
    what: 'a line is printed',
    capMs: 30_000,
  });
  return text.split('\n')[0] ?? '';
}

/** Whatever of a LAN can still be found on the machine. */
function traces(prefix: string): string[] {
  const named = [
    '/run/netns',
    '/etc/netns',
    '/sys/fs/cgroup/pids/mesolite-lan',
    '/sys/fs/cgroup/mesolite-lan',
  ]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => path.basename(file).startsWith(prefix));
  return existsSync(lanDir(prefix)) ? [...named, lanDir(prefix)] : named;
}
