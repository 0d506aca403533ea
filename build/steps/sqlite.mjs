// One SQLite binding that works in this Node and in this Electron: the prebuilt file of the package when both speak
// Node-API 10, else a patched copy built for Node-API 9 and cached outside the checkout.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureFolder } from '../lib/cache.mjs';
import { Trouble } from '../lib/log.mjs';
import { inRoot } from '../lib/paths.mjs';
import { findProgram, mustRun } from '../lib/run.mjs';
import { nodeApiOf } from './electron.mjs';
import { applyEdit, edits, patchVersion, readDefines } from './sqlite-source.mjs';
import { installPackages } from './system.mjs';

const PREBUILT_NODE_API = 10;
const OWN_NODE_API = 9;
const packageDir = inRoot('node_modules', 'better-sqlite3');

/** @param {string} name */
const versionOf = (name) =>
  JSON.parse(readFileSync(inRoot('node_modules', name, 'package.json'), 'utf8')).version;

/** @param {number[]} nodeApis of all runtimes that will load it */
export function needsOwnBuild(nodeApis) {
  return nodeApis.some((version) => version < PREBUILT_NODE_API);
}

function isMusl() {
  if (process.platform !== 'linux') return false;
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return !report.header?.glibcVersionRuntime;
}

function prebuiltFile() {
  // A report costs 100 ms or so: only asked where the loader of musl is there.
  const isMuslHost =
    existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`) && isMusl();
  return path.join(
    packageDir,
    'prebuilds',
    `${process.platform}${isMuslHost ? 'musl' : ''}-${process.arch}.node`,
  );
}

/** @param {string} cacheDir */
function ownFile(cacheDir) {
  const name = `better-sqlite3-${versionOf('better-sqlite3')}-p${patchVersion}-napi${OWN_NODE_API}-${process.platform}-${process.arch}`;
  return path.join(cacheDir, name, 'better_sqlite3.node');
}

async function compilers() {
  const find = () => ({
    cc: findProgram('cc') ?? findProgram('gcc'),
    cxx: findProgram('c++') ?? findProgram('g++'),
  });
  if (!find().cc || !find().cxx) await installPackages(['gcc', 'g++', 'libc6-dev'], 'the SQLite binding');
  const { cc, cxx } = find();
  if (!cc || !cxx)
    throw new Trouble('a C and a C++ compiler are needed to build the SQLite binding for this Node', [
      'or use Node 22 or newer',
    ]);
  return { cc, cxx };
}

/** @param {string} work */
function copySource(work) {
  for (const folder of ['src', 'deps'])
    cpSync(path.join(packageDir, folder), path.join(work, folder), { recursive: true });
  for (const edit of edits) {
    const file = path.join(work, edit.file);
    writeFileSync(file, applyEdit(readFileSync(file, 'utf8'), edit));
  }
}

/** The flags of both compilers. @param {string} work */
function compilerFlags(work) {
  const common = ['-O2', '-fPIC', '-DNDEBUG', '-w'];
  const sqlite = path.join(work, 'deps', 'sqlite3');
  const headers = [
    sqlite,
    inRoot('node_modules', 'node-addon-api'),
    inRoot('node_modules', 'node-api-headers', 'include'),
  ];
  const defines = readDefines(readFileSync(path.join(work, 'deps', 'defines.gypi'), 'utf8'));
  return {
    c: [...common, '-std=c99', '-fvisibility=hidden', ...defines.map((text) => `-D${text}`)],
    cxx: [
      ...common,
      ...['-std=c++20', '-fvisibility=hidden', '-fvisibility-inlines-hidden', '-fno-exceptions', '-fno-rtti'],
      ...[
        `-DNAPI_VERSION=${OWN_NODE_API}`,
        '-DNAPI_DISABLE_CPP_EXCEPTIONS',
        '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      ...headers.flatMap((folder) => ['-isystem', folder]),
    ],
    source: path.join(sqlite, 'sqlite3.c'),
  };
}

/** @param {NodeJS.Platform} platform */
function linkFlags(platform = process.platform) {
  if (platform === 'darwin') return { before: ['-bundle', '-undefined', 'dynamic_lookup'], after: [] };
  return {
    before: ['-shared', '-Wl,-Bsymbolic', '-Wl,--exclude-libs,ALL', '-s'],
    after: ['-ldl', '-lm', '-lpthread'],
  };
}

/** @param {string} fresh */
async function build(fresh) {
  if (process.platform === 'win32') {
    throw new Trouble('on Windows the SQLite binding needs Node 22.14 or newer', [
      'install it from https://nodejs.org',
    ]);
  }
  const { cc, cxx } = await compilers();
  const work = path.join(fresh, '.work');
  mkdirSync(work);
  copySource(work);
  const flags = compilerFlags(work);
  const options = { cwd: work, timeoutMs: 15 * 60_000, what: 'compiling SQLite' };
  await Promise.all([
    mustRun(cc, [...flags.c, '-c', flags.source, '-o', 'sqlite3.o'], options),
    mustRun(cxx, [...flags.cxx, '-c', 'src/better_sqlite3.cpp', '-o', 'addon.o'], options),
  ]);
  const target = path.join(fresh, 'better_sqlite3.node');
  const link = linkFlags();
  await mustRun(cxx, [...link.before, 'addon.o', 'sqlite3.o', '-o', target, ...link.after], options);
  await tryOut(target);
  rmSync(work, { recursive: true });
}

/** A binding that does not open a database is not put in place. @param {string} target */
async function tryOut(target) {
  const program = `const D = require(${JSON.stringify(packageDir)});
    const db = new D(':memory:', { nativeBinding: ${JSON.stringify(target)} });
    db.exec('create table t(a, b)'); db.prepare('insert into t values (@a, @b)').run({ a: 1, b: 'x' });
    const row = db.prepare('select a, b from t where a = @a').get({ a: 1 });
    if (row.b !== 'x') process.exit(3); console.log(db.prepare('select sqlite_version() v').get().v);`;
  await mustRun(process.execPath, ['-e', program], {
    timeoutMs: 30_000,
    what: 'trying the new SQLite binding',
  });
}

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const sqliteStep = {
  name: 'sqlite binding',
  when: (context) => context.wants.sqlite,
  quick: async (context) => {
    const nodeApis = [Number(process.versions.napi)];
    if (context.electron) nodeApis.push(await nodeApiOf(context.electron, context.cacheDir));
    const isOwn = needsOwnBuild(nodeApis);
    context.sqliteBinding = isOwn ? ownFile(context.cacheDir) : prebuiltFile();
    if (!isOwn && !existsSync(context.sqliteBinding)) {
      throw new Trouble(`better-sqlite3 has no binary for ${process.platform} ${process.arch}`);
    }
    if (!existsSync(context.sqliteBinding)) return undefined;
    return isOwn ? 'up to date  own build for Node-API 9' : 'up to date  prebuilt';
  },
  work: async (context) => {
    await ensureFolder(path.dirname(ownFile(context.cacheDir)), build);
    return 'own build for Node-API 9';
  },
};
