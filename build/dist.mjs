// `npm run dist`: packages the app. Releases come as AppImage, deb, tar.gz, dmg, zip and nsis; electron-builder fetches
// tools for most of these from GitHub, so where that is out of reach there is a folder and a plain tar of it.
import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { ensure } from './lib/ensure.mjs';
import { formatMs, say, sayFailure, sayStep, Trouble } from './lib/log.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { findProgram, mustRun } from './lib/run.mjs';
import { writeNotices } from './licences.mjs';
import { allTargets } from './steps/agent.mjs';
import { canReachReleases } from './steps/electron.mjs';

const outDir = inRoot('out');
const about = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));

/** What the fuses of a packaged app have to be. @type {Record<string, boolean>} */
const wantedFuses = {
  RunAsNode: false,
  EnableCookieEncryption: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  GrantFileProtocolExtraPrivileges: false,
};

/** Reads the fuses back from the packaged program: what the configuration asks for is not what counts. @param {string} executable */
async function checkFuses(executable) {
  const { FuseState, FuseV1Options, getCurrentFuseWire } = await import('@electron/fuses');
  const wire = await getCurrentFuseWire(executable);
  const wrong = Object.entries(wantedFuses).filter(([name, isOn]) => {
    const option = FuseV1Options[/** @type {keyof typeof FuseV1Options} */ (name)];
    return wire[option] !== (isOn ? FuseState.ENABLE : FuseState.DISABLE);
  });
  if (wrong.length > 0)
    throw new Trouble(`fuses are not as wanted: ${wrong.map(([name]) => name).join(', ')}`);
}

/** @param {string[]} args @param {string} what */
async function electronBuilder(args, what) {
  const startedMs = performance.now();
  const program = inRoot('node_modules', 'electron-builder', 'cli.js');
  const config = ['--config', inRoot('build', 'electron-builder.json'), '--publish', 'never'];
  await mustRun(process.execPath, [program, ...args, ...config], {
    cwd: root,
    timeoutMs: 30 * 60_000,
    what: 'electron-builder',
  });
  sayStep('ok', what, formatMs(performance.now() - startedMs));
}

/** @param {import('./lib/ensure.mjs').Ready} ready */
async function packFolder(ready) {
  if (process.platform !== 'linux')
    throw new Trouble('electron-builder needs GitHub for its tools, which does not answer');
  say('note  github.com does not answer: a folder and a tar of it instead of AppImage and deb');
  if (ready.isStandIn)
    say(`note  built on the Electron ${ready.electronVersion} stand-in: for trying out, not for shipping`);
  const electron = [`-c.electronDist=${ready.electronFolder}`, `-c.electronVersion=${ready.electronVersion}`];
  await electronBuilder(['--linux', 'dir', ...electron], 'folder');
  const folder = path.join(
    outDir,
    process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`,
  );
  await checkFuses(path.join(folder, 'mesolite'));
  rmSync(path.join(folder, 'resources', 'default_app.asar'), { force: true });
  if (ready.sqliteBinding && !ready.sqliteBinding.startsWith(root)) {
    // This Electron cannot load the prebuilt binding.
    copyFileSync(ready.sqliteBinding, path.join(folder, 'resources', 'better_sqlite3.node'));
  }
  const tar = findProgram('tar');
  if (!tar) throw new Trouble('tar is missing');
  const startedMs = performance.now();
  const file = path.join(outDir, `mesolite-${about.version}-linux-${process.arch}.tar.gz`);
  const rename = `--transform=s,^linux-[a-z0-9-]*,mesolite-${about.version},`;
  await mustRun(tar, ['czf', file, '-C', outDir, rename, path.basename(folder)], { timeoutMs: 15 * 60_000 });
  sayStep(
    'ok',
    'tar',
    `${formatMs(performance.now() - startedMs)}  ${path.relative(root, file)} ${(statSync(file).size / 1e6).toFixed(0)} MB`,
  );
}

async function main() {
  const ready = await ensure({
    electron: true,
    sqlite: true,
    agent: true,
    bundle: true,
    icon: true,
    targets: allTargets,
  });
  sayStep('ok', 'notices', `${writeNotices().count} of bundled software`);
  const words = process.argv.slice(2);
  if (words.length === 0 && !(await canReachReleases())) await packFolder(ready);
  else await electronBuilder(words, 'packages');
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error) => process.exit(sayFailure(error)),
);
