// A Podman for the container tests. The machine's own is used where there is one; on Debian its packages are unpacked
// in the cache folder, and the tests lay them over /usr and /etc in a mount namespace: nothing is installed.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ensureFolder } from '../lib/cache.mjs';
import { sayStep, Trouble } from '../lib/log.mjs';
import { cacheDirOf } from '../lib/paths.mjs';
import { findProgram, mustRun, run } from '../lib/run.mjs';

/** Podman and what it needs beyond a bare Debian: 18 MB to download, 87 MB unpacked. */
const packages = [
  ...['podman', 'crun', 'conmon', 'containernetworking-plugins', 'iptables'],
  ...['golang-github-containers-common', 'golang-github-containers-image'],
  ...[
    'libgpgme11',
    'libassuan0',
    'libyajl2',
    'libsubid4',
    'libdevmapper1.02.1',
    'libseccomp2',
    'libglib2.0-0',
  ],
];

/** Where its packages are unpacked; empty: the machine has a Podman of its own. @returns {Promise<string>} */
export async function ensurePodman() {
  if (findProgram('podman') && findProgram('crun')) return '';
  if (!findProgram('apt-get') || !findProgram('dpkg')) {
    throw new Trouble('the container tests need a real engine', ['install podman and crun']);
  }
  const place = path.join(cacheDirOf(), 'podman-1');
  if (existsSync(place)) return path.join(place, 'root');
  sayStep('…', 'podman', 'unpacking it for the container tests');
  const known = await run('apt-cache', ['show', 'podman'], { timeoutMs: 60_000 });
  if (!known.stdout.includes('Package:')) {
    await mustRun('apt-get', ['update', '-q'], { timeoutMs: 5 * 60_000, what: 'apt-get update' });
  }
  await ensureFolder(place, async (fresh) => {
    const options = { cwd: fresh, timeoutMs: 5 * 60_000 };
    const names = [];
    for (const name of packages) {
      const newer = await run('apt-cache', ['show', '--no-all-versions', `${name}t64`], options);
      names.push(newer.code === 0 && newer.stdout.includes('Package:') ? `${name}t64` : name);
    }
    await mustRun('apt-get', ['download', '-q', ...names], { ...options, what: 'apt-get download' });
    const root = path.join(fresh, 'root');
    for (const part of ['', 'usr', 'etc']) mkdirSync(path.join(root, part), { recursive: true });
    for (const file of readdirSync(fresh).filter((name) => name.endsWith('.deb'))) {
      await mustRun('dpkg', ['-x', file, root], { ...options, what: `unpack ${file}` });
    }
  });
  return path.join(place, 'root');
}
