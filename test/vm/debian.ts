/**
 * The disk of a guest with Debian's own systemd, logind, polkit and sshd, made from the packages and kept in the cache
 * folder under a key of what it is made of. No script of a package runs: what they would do is written down here.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cacheDirOf } from '../../build/lib/paths.mjs';

const wanted =
  'systemd systemd-sysv libpam-systemd dbus polkitd openssh-server openssh-client base-files base-passwd bash dash ' +
  'coreutils findutils grep sed util-linux procps sudo';
/** What only scripts of packages need. */
const needless = /^(perl|libperl|lib.*-perl$|libgdbm|libdb5|usrmerge|debconf|adduser|sgml-base|xml-core|ucf)/;
const sizeMib = 400;

/** Who can log in. Nobody else has a key. */
export const guestUser = { name: 'u', uid: 1000, home: '/home/u' } as const;
export const guestKey = '/root/.ssh/id_ed25519';

const accounts: readonly (readonly [string, number])[] = [
  ['messagebus', 101],
  ['polkitd', 102],
  ['sshd', 103],
  ['systemd-network', 104],
  ['systemd-resolve', 105],
  ['systemd-journal', 106],
  ['u', 1000],
];

// The same console as in the small root, once the system is up.
const consoleUnit = `[Unit]
Description=Console of the tests
After=multi-user.target dbus.service systemd-logind.service
[Service]
ExecStart=/bin/sh /usr/local/sbin/console
StandardInput=tty
StandardOutput=tty
TTYPath=/dev/ttyS0
Environment=HOME=/root
[Install]
WantedBy=multi-user.target
`;
const consoleScript = `stty -F /dev/ttyS0 -echo -onlcr
export PS1= PS2= PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
echo @@UP
exec sh 2>/dev/null
`;
const logind = '[Login]\nKillUserProcesses=yes\nKillExcludeUsers=\nUserStopDelaySec=1\n';
const sshd =
  'ListenAddress 127.0.0.1\nHostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM yes\nPasswordAuthentication no\n';
const pam = {
  'common-auth': 'auth required pam_unix.so\n',
  'common-account': 'account required pam_unix.so\n',
  'common-password': 'password required pam_unix.so\n',
  'common-session': 'session required pam_unix.so\nsession optional pam_systemd.so\n',
  'common-session-noninteractive': 'session required pam_unix.so\n',
};
/** What has no meaning here and takes time. */
const masked = [
  'getty.target',
  'systemd-random-seed.service',
  'systemd-sysusers.service',
  'systemd-update-done.service',
  'systemd-firstboot.service',
  'systemd-pstore.service',
  'systemd-journal-flush.service',
  'systemd-machine-id-commit.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'fstrim.timer',
];

function output(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    maxBuffer: 1 << 26,
  });
}

/** Every package with its version, as if nothing were installed. */
function closure(): readonly string[] {
  const empty = ['-o', 'Dir::State::status=/dev/null', '-o', 'APT::Install-Recommends=0'];
  return output('apt-get', ['-s', '-q', ...empty, 'install', ...wanted.split(' ')])
    .split('\n')
    .flatMap((line) => {
      const found = /^Inst (\S+) \((\S+)/.exec(line);
      return found?.[1] && !needless.test(found[1]) ? [`${found[1]}=${found[2]}`] : [];
    })
    .sort();
}

/** The disk, to be copied and never written to. */
export function fetchDebian(): string {
  const names = closure();
  if (names.length < 50) throw new Error('these tests need the package lists of Debian');
  const recipe = readFileSync(new URL(import.meta.url), 'utf8');
  const key = createHash('sha256')
    .update(JSON.stringify([names, recipe]))
    .digest('hex')
    .slice(0, 16);
  const home = path.join(cacheDirOf(), 'vm');
  const place = path.join(home, `debian-${key}.img`);
  if (existsSync(place)) return place;
  mkdirSync(home, { recursive: true });
  const temp = mkdtempSync(path.join(home, 'fetch-'));
  try {
    output('apt-get', ['download', '-q', ...names], temp);
    const root = path.join(temp, 'root');
    unpack(temp, root);
    configure(root);
    const image = path.join(temp, 'image');
    output('truncate', ['-s', `${sizeMib}M`, image]);
    output('/sbin/mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1', '-d', root, image]);
    for (const old of readdirSync(home)) if (/^debian-.*\.img$/.test(old)) rmSync(path.join(home, old));
    renameSync(image, place);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
  return place;
}

function unpack(from: string, root: string): void {
  mkdirSync(root);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(path.join(root, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, path.join(root, name));
  }
  for (const file of readdirSync(from).filter((name) => name.endsWith('.deb')))
    output(
      'sh',
      ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x --keep-directory-symlink -C root', file],
      from,
    );
  for (const part of ['doc', 'man', 'locale', 'info', 'lintian', 'bash-completion', 'zoneinfo'])
    rmSync(path.join(root, 'usr/share', part), { recursive: true, force: true });
}

function configure(root: string): void {
  const at = (file: string): string => path.join(root, file);
  const put = (file: string, text: string, mode = 0o644): void => {
    mkdirSync(path.dirname(at(file)), { recursive: true });
    writeFileSync(at(file), text);
    chmodSync(at(file), mode);
  };
  const line = (name: string, id: number): string =>
    id < 1000 ? `/:/usr/sbin/nologin` : `/home/${name}:/bin/bash`;
  const base = (file: string): string => readFileSync(at(`usr/share/base-passwd/${file}.master`), 'utf8');
  put(
    'etc/passwd',
    base('passwd') + accounts.map(([n, id]) => `${n}:x:${id}:${id}::${line(n, id)}\n`).join(''),
  );
  put('etc/group', `${base('group')}${accounts.map(([n, id]) => `${n}:x:${id}:\n`).join('')}`);
  put(
    'etc/shadow',
    ['root', ...accounts.map(([n]) => n)].map((n) => `${n}:*:20000:0:99999:7:::\n`).join(''),
    0o640,
  );
  put('etc/hostname', 'guest\n');
  put('etc/hosts', '127.0.0.1 localhost guest\n');
  put('etc/machine-id', '5d3c1e8e0f7a4f0f9d5b6a7c8d9e0f10\n');
  put('etc/fstab', '');
  put('etc/profile', 'export PATH=/usr/local/bin:/usr/bin:/bin\n');
  put('etc/sudoers', 'root ALL=(ALL) ALL\nu ALL=(ALL) NOPASSWD: ALL\n', 0o440);
  put('etc/ssh/sshd_config', sshd);
  put('etc/systemd/logind.conf.d/tests.conf', logind);
  put('etc/systemd/journald.conf.d/tests.conf', '[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n');
  put(
    'etc/systemd/system.conf.d/tests.conf',
    '[Manager]\nDefaultTimeoutStopSec=20s\nDefaultTimeoutStartSec=60s\n',
  );
  for (const [name, text] of Object.entries(pam)) put(`etc/pam.d/${name}`, text);
  put('usr/local/sbin/console', consoleScript, 0o755);
  put('etc/systemd/system/console.service', consoleUnit);
  const link = (target: string, name: string): void => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    rmSync(at(name), { recursive: true, force: true });
    symlinkSync(target, at(name));
  };
  link('../console.service', 'etc/systemd/system/multi-user.target.wants/console.service');
  link('/lib/systemd/system/ssh.service', 'etc/systemd/system/multi-user.target.wants/ssh.service');
  link('/lib/systemd/system/multi-user.target', 'etc/systemd/system/default.target');
  link('/run', 'var/run'); // where GLib looks for the bus
  for (const unit of masked) link('/dev/null', `etc/systemd/system/${unit}`);
  // Nothing here is made by generators, and they are most of what a reload costs.
  for (const name of readdirSync(at('lib/systemd/system-generators')))
    link('/dev/null', `etc/systemd/system-generators/${name}`);
  link('dash', 'usr/bin/sh');
  keys(root, put);
  for (const folder of ['home/u', 'home/u/.ssh', 'home/u/.ssh/authorized_keys'])
    chownSync(at(folder), 1000, 1000);
  for (const folder of ['usr/local/bin', 'proc', 'sys', 'dev', 'run', 'tmp', 'root', 'var/lib/systemd'])
    mkdirSync(at(folder), { recursive: true });
  chmodSync(at('tmp'), 0o1777);
  output('/sbin/ldconfig', ['-r', root]);
}

/** The keys are made here: in the guest it takes seconds. */
function keys(root: string, put: (file: string, text: string, mode?: number) => void): void {
  for (const file of ['etc/ssh/ssh_host_ed25519_key', guestKey.slice(1)]) {
    put(file, '', 0o600);
    rmSync(path.join(root, file));
    output('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'tests', '-f', path.join(root, file)]);
  }
  const publicKey = readFileSync(path.join(root, `${guestKey.slice(1)}.pub`), 'utf8');
  put('home/u/.ssh/authorized_keys', publicKey, 0o600);
  chmodSync(path.join(root, 'home/u/.ssh'), 0o700);
}
