/**
 * A host's disk: what differs from the machine the bed runs on. /usr and /etc are overlays of the real ones,
 * so a host costs only what is written on it; everything else on it is its own. Layout of the folder:
 * `upper/{usr,etc}`, `scratch/`, `own/` (home, root, var, tmp, srv, opt), `mnt/`, and the files the init reads.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { run } from './run.ts';
import { type HostSpec, homeOf, SHELLS, type SshdSpec, type UserSpec, usersOf } from './spec.ts';

const FIRST_UID = 4242;

export type DiskPlan = {
  readonly folder: string;
  readonly spec: HostSpec;
  readonly index: number;
  readonly deskPublicKey: string;
  /** The whole LAN's /etc/hosts. */
  readonly hostsFile: string;
};

export async function prepareDisk(plan: DiskPlan): Promise<void> {
  const { folder, spec } = plan;
  for (const name of [
    'upper/usr',
    'upper/etc',
    'scratch/usr',
    'scratch/etc',
    'mnt',
    'own/home',
    'own/opt',
    'own/srv',
  ]) {
    mkdirSync(path.join(folder, name), { recursive: true });
  }
  for (const name of ['log', 'lib', 'cache', 'spool', 'mail']) {
    mkdirSync(path.join(folder, 'own/var', name), { recursive: true });
  }
  for (const name of ['own/tmp', 'own/var/tmp']) {
    mkdirSync(path.join(folder, name), { recursive: true });
    chmodSync(path.join(folder, name), 0o1777);
  }
  writeIdentity(plan);
  await writeAccounts(folder, spec);
  usersOf(spec).forEach((user, index) => {
    writeHome(plan, user, uidOf(user, index));
  });
  writeFileSync(path.join(folder, 'homes'), homeMounts(spec));
  if (spec.hasSudo === false)
    for (const name of ['sudo', 'sudoedit', 'su']) await hide(folder, `usr/bin/${name}`);
  if (spec.cpu !== undefined) writeFakeUname(folder, spec.cpu);
  if (spec.sshd !== false) await writeSshd(folder, spec.name, spec.sshd ?? {});
}

/** A file of the host's /etc or /usr; folders on the way get the usual mode. */
function upperFile(folder: string, name: string): string {
  const file = path.join(folder, 'upper', name);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  return file;
}

/** An overlay's whiteout: the host does not have this file of the machine below. */
async function hide(folder: string, name: string): Promise<void> {
  if (existsSync(path.join('/', name))) await run('mknod', [upperFile(folder, name), 'c', '0', '0']);
}

function writeIdentity(plan: DiskPlan): void {
  const { folder, spec } = plan;
  writeFileSync(upperFile(folder, 'etc/hostname'), `${spec.name}\n`);
  writeFileSync(upperFile(folder, 'etc/hosts'), plan.hostsFile);
  writeFileSync(upperFile(folder, 'etc/machine-id'), `${randomBytes(16).toString('hex')}\n`);
  writeFileSync(upperFile(folder, 'etc/resolv.conf'), '');
}

function uidOf(user: UserSpec, index: number): number {
  return user.name === 'root' ? 0 : FIRST_UID + index;
}

async function writeAccounts(folder: string, spec: HostSpec): Promise<void> {
  const users = usersOf(spec);
  const own = new Set(users.map((user) => user.name));
  const keep = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !own.has(line.slice(0, line.indexOf(':'))));
  // People of the machine below (uid 1000 and up, but not `nobody`) do not exist on the host.
  const system = keep('/etc/passwd').filter((line) => {
    const uid = Number(line.split(':')[2]);
    return uid < 1000 || uid === 65534;
  });
  const systemNames = new Set(system.map((line) => line.split(':')[0]));
  const passwd = users.map((user, index) => {
    const uid = uidOf(user, index);
    return `${user.name}:x:${uid}:${uid}:${user.name}:${homeOf(user.name)}:${SHELLS[user.shell ?? 'bash']}`;
  });
  const shadow = await Promise.all(
    users.map(async (user) => `${user.name}:${await passwordHash(user.password)}:19000:0:99999:7:::`),
  );
  const groups = users.map((user, index) => `${user.name}:x:${uidOf(user, index)}:`);
  const systemShadow = keep('/etc/shadow').filter((line) => systemNames.has(line.split(':')[0]));
  writeFileSync(upperFile(folder, 'etc/passwd'), lines([...passwd, ...system]));
  writeFileSync(upperFile(folder, 'etc/group'), lines([...groups, ...keep('/etc/group')]));
  const shadowFile = upperFile(folder, 'etc/shadow');
  writeFileSync(shadowFile, lines([...shadow, ...systemShadow]), { mode: 0o640 });
  writeSudoers(folder, users);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

const hashes = new Map<string, Promise<string>>();

/** `*` lets no password in but, unlike `!`, does not lock the account for keys. */
function passwordHash(password: string | undefined): Promise<string> {
  if (password === undefined) return Promise.resolve('*');
  const known = hashes.get(password);
  if (known !== undefined) return known;
  const made = run('openssl', ['passwd', '-6', '-stdin'], { input: `${password}\n` }).then((out) =>
    out.trim(),
  );
  hashes.set(password, made);
  return made;
}

function writeSudoers(folder: string, users: readonly UserSpec[]): void {
  for (const user of users) {
    if (user.sudo === undefined || user.sudo === 'none') continue;
    const tag = user.sudo === 'nopasswd' ? 'NOPASSWD:' : '';
    const file = upperFile(folder, `etc/sudoers.d/${user.name}`);
    writeFileSync(file, `${user.name} ALL=(ALL:ALL) ${tag}ALL\n`, { mode: 0o440 });
  }
}

function writeHome(plan: DiskPlan, user: UserSpec, uid: number): void {
  const own = path.join(plan.folder, 'own');
  const home = path.join(own, homeOf(user.name));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  for (const name of readdirSync('/etc/skel'))
    copyFileSync(path.join('/etc/skel', name), path.join(home, name));
  if (user.bashrc !== undefined) {
    const file = path.join(home, '.bashrc');
    const usual = existsSync(file) ? readFileSync(file, 'utf8') : '';
    writeFileSync(file, `${user.bashrc}\n${usual}`);
  }
  const keys = [...(user.authorizedKeys ?? [])];
  if (user.deskKey !== false) keys.push(plan.deskPublicKey);
  if (keys.length > 0) {
    mkdirSync(path.join(home, '.ssh'), { mode: 0o700 });
    writeFileSync(path.join(home, '.ssh/authorized_keys'), lines(keys), { mode: 0o600 });
  }
  for (const name of readdirSync(home, { recursive: true }))
    chownSync(path.join(home, String(name)), uid, uid);
  if (user.home === 'unwritable') chmodSync(home, 0o555);
  else chownSync(home, uid, uid);
}

/** One line for each home that is a mount of its own: kind, path, uid, size. */
function homeMounts(spec: HostSpec): string {
  const mounts: string[] = [];
  usersOf(spec).forEach((user, index) => {
    const home = user.home ?? 'plain';
    const place = `${homeOf(user.name)} ${uidOf(user, index)}`;
    if (typeof home === 'object') mounts.push(`tiny ${place} ${home.spaceKib}\n`);
    else if (home === 'read-only' || home === 'noexec') mounts.push(`${home} ${place} 0\n`);
  });
  return mounts.join('');
}

function writeFakeUname(folder: string, cpu: string): void {
  copyFileSync('/usr/bin/uname', upperFile(folder, 'usr/lib/real-uname'));
  chmodSync(upperFile(folder, 'usr/lib/real-uname'), 0o755);
  const script = `#!/bin/sh\nreal=$(/usr/lib/real-uname -m)\n/usr/lib/real-uname "$@" | sed "s/$real/${cpu}/g"\n`;
  writeFileSync(upperFile(folder, 'usr/bin/uname'), script, { mode: 0o755 });
}

export const HOST_KEY = 'etc/ssh/ssh_host_ed25519_key';

async function writeSshd(folder: string, name: string, sshd: SshdSpec): Promise<void> {
  const yes = (value: boolean): string => (value ? 'yes' : 'no');
  const config = [
    ...(sshd.extra ?? []),
    `Port ${sshd.port ?? 22}`,
    `HostKey /${HOST_KEY}`,
    'PidFile /run/sshd.pid',
    `PermitRootLogin ${sshd.rootLogin ?? 'prohibit-password'}`,
    `PasswordAuthentication ${yes(sshd.passwordLogin ?? true)}`,
    'KbdInteractiveAuthentication no',
    `AllowTcpForwarding ${yes(sshd.tcpForwarding ?? true)}`,
    ...(sshd.maxSessions === undefined ? [] : [`MaxSessions ${sshd.maxSessions}`]),
    'UsePAM yes',
    'PrintMotd no',
    'X11Forwarding yes',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
  ];
  writeFileSync(upperFile(folder, 'etc/ssh/sshd_config'), lines(config));
  for (const kind of ['rsa', 'ecdsa']) {
    await hide(folder, `etc/ssh/ssh_host_${kind}_key`);
    await hide(folder, `etc/ssh/ssh_host_${kind}_key.pub`);
  }
  await makeHostKey(folder, name);
  writeFileSync(path.join(folder, 'has-sshd'), '');
}

export async function makeHostKey(folder: string, name: string): Promise<void> {
  const draft = path.join(folder, 'hostkey');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `root@${name}`, '-f', draft]);
  await run('mv', ['-f', draft, upperFile(folder, HOST_KEY)]);
  await run('mv', ['-f', `${draft}.pub`, upperFile(folder, `${HOST_KEY}.pub`)]);
}
