/** The kernel and the small root of a guest. Debian only: elsewhere it says what is missing. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cacheDirOf } from '../../build/lib/paths.mjs';

const meta = 'linux-image-cloud-amd64';
/** In the order in which they need each other. */
const modules = [
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
  'drivers/char/virtio_console',
];

export type Kernel = { readonly image: string; readonly modules: readonly string[] };

function output(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  });
}

/** Debian's cloud kernel, fetched once. */
export function fetchKernel(): Kernel {
  const name = /Depends: (linux-image-\S+)/.exec(output('apt-cache', ['depends', meta]))?.[1];
  if (name === undefined) throw new Error(`no package ${meta}: these tests need the package lists of Debian`);
  const home = path.join(cacheDirOf(), 'vm');
  const place = path.join(home, name);
  if (!existsSync(place)) {
    mkdirSync(home, { recursive: true });
    const temp = mkdtempSync(path.join(home, 'fetch-'));
    try {
      output('apt-get', ['download', '-q', name], temp);
      const file = readdirSync(temp).find((entry) => entry.endsWith('.deb'));
      if (file === undefined) throw new Error(`${name} did not come`);
      output('dpkg', ['-x', path.join(temp, file), path.join(temp, 'root')]);
      renameSync(path.join(temp, 'root'), place);
    } finally {
      rmSync(temp, { recursive: true, force: true });
    }
  }
  const boot = path.join(place, 'boot');
  const image = readdirSync(boot).find((entry) => entry.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error(`no kernel in ${boot}`);
  const tree = path.join(place, 'lib', 'modules', image.slice('vmlinuz-'.length), 'kernel');
  return {
    image: path.join(boot, image),
    modules: modules.map((module) => path.join(tree, `${module}.ko`)),
  };
}

const begin = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in ${modules.map((module) => path.basename(module)).join(' ')}; do insmod /lib/$module.ko; done
while [ ! -b /dev/vda ]; do usleep 10000; done
mount -t ext4 -o data=ordered /dev/vda /data
`;

// The first process of a small guest. The console is a plain shell without prompt or echo: guest.ts speaks to it in lines.
const small = `${begin}mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp && chmod 1777 /tmp
mount -t cgroup2 none /sys/fs/cgroup
stty -F /dev/ttyS0 -echo -onlcr
export PS1= PS2=
echo @@UP
exec sh </dev/ttyS0 >/dev/ttyS0 2>/tmp/console
`;

// Goes over to the Debian on the disk (debian.ts), with our programs in it.
const debian = `${begin}for file in /bin/*; do [ -L "$file" ] || [ "$file" = /bin/busybox ] || cp "$file" /data/usr/local/bin/; done
umount /dev /sys /proc
exec switch_root /data /sbin/init
`;

const accounts = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n';

/** Packs what a guest begins with: busybox, the modules, and these programs, which are found by name. */
export function packRoot(
  kernel: Kernel,
  programs: readonly string[],
  into: string,
  kind: 'small' | 'debian' = 'small',
): void {
  const root = mkdtempSync(path.join(path.dirname(into), 'root-'));
  chmodSync(root, 0o755); // it becomes the root of the guest, also for other users
  try {
    for (const folder of [
      'bin',
      'dev',
      'proc',
      'sys',
      'data',
      'tmp',
      'lib',
      'etc',
      'run',
      'root',
      'var',
      'usr',
    ])
      mkdirSync(path.join(root, folder), { mode: 0o755 });
    copyFileSync('/bin/busybox', path.join(root, 'bin', 'busybox'));
    for (const file of kernel.modules) copyFileSync(file, path.join(root, 'lib', path.basename(file)));
    for (const file of programs) {
      const place = path.join(root, 'bin', path.basename(file));
      copyFileSync(file, place);
      chmodSync(place, 0o755);
    }
    writeFileSync(path.join(root, 'etc', 'passwd'), accounts);
    writeFileSync(path.join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
    writeFileSync(path.join(root, 'init'), kind === 'small' ? small : debian, { mode: 0o755 });
    execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet | gzip -1 > "$0"', into], { cwd: root });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
