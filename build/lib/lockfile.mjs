// npm writes a lockfile with packages of other systems (optional dependencies) only when the registry has them. Where a
// registry lacks some, the lockfile comes out with gaps, and `npm ci` refuses such a lockfile everywhere. This names
// the gaps and fills them with what the package's own name and version say.

/**
 * @typedef {{ version?: string, optional?: boolean, dev?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} LockEntry
 * @typedef {Record<string, LockEntry>} Lock
 */

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** Where Node would find `name` from the package at `place`. @param {Lock} lock @param {string} place @param {string} name */
function lookUp(lock, place, name) {
  let folder = place;
  for (;;) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock[candidate]) return candidate;
    if (folder === '') return undefined;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')));
  }
}

/** @param {Lock} lock @returns {{ place: string, name: string, version: string }[]} */
export function findGaps(lock) {
  return Object.entries(lock).flatMap(([place, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => lookUp(lock, place, name) === undefined)
      .map(([name, version]) => ({ place, name, version })),
  );
}

/** What a platform package is for, by the words of its name. @param {string} name */
export function platformOf(name) {
  const words = name.split(/[/@-]/);
  /** @type {{ os?: string[], cpu?: string[], libc?: string[] }} */
  const platform = {};
  const cpu = words.findLast((word) => PROCESSORS.includes(word));
  const os = words.findLast((word) => SYSTEMS.includes(word));
  if (cpu) platform.cpu = [cpu];
  if (os) platform.os = [os];
  if (os === 'linux' && words.some((word) => word.startsWith('musl'))) platform.libc = ['musl'];
  if (os === 'linux' && words.some((word) => word.startsWith('gnu'))) platform.libc = ['glibc'];
  return platform;
}

/** @param {Lock} lock @returns {Lock} the same with every gap filled, in npm's order */
export function fillGaps(lock) {
  const filled = { ...lock };
  for (const { place, name, version } of findGaps(lock)) {
    if (!/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`${name} is wanted as ${version}: only exact versions can be filled in`);
    const isDev = lock[place]?.dev === true;
    filled[`node_modules/${name}`] = {
      version,
      ...(isDev ? { dev: true } : {}),
      optional: true,
      ...platformOf(name),
    };
  }
  return Object.fromEntries(Object.entries(filled).sort(([a], [b]) => a.localeCompare(b, 'en')));
}
