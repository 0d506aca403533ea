// Where Electron comes from: ELECTRON_OVERRIDE_DIST_PATH, the electron package's own download, or the stand-in.
import { existsSync, readFileSync, statSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { readStamp, writeStamp } from '../lib/hash.mjs';
import { Trouble } from '../lib/log.mjs';
import { inRoot } from '../lib/paths.mjs';
import { mustRun, run } from '../lib/run.mjs';
import { ensureStandIn, hasStandIn, standIn, standInFolder } from './stand-in.mjs';

const PROBE_MS = 4000;

/** @typedef {{ path: string, folder: string, version: string, source: 'override' | 'package' | 'stand-in' }} Electron */

/** @param {string} folder @param {NodeJS.Platform} platform */
export function executableIn(folder, platform = process.platform) {
  if (platform === 'darwin') return path.join(folder, 'Electron.app', 'Contents', 'MacOS', 'Electron');
  return path.join(folder, platform === 'win32' ? 'electron.exe' : 'electron');
}

/** @param {string} folder @param {Electron['source']} source @returns {Electron | undefined} */
function look(folder, source) {
  const file = executableIn(folder);
  if (!existsSync(file)) return undefined;
  const versionFile = path.join(folder, 'version');
  const version = existsSync(versionFile)
    ? readFileSync(versionFile, 'utf8').trim().replace(/^v/, '')
    : 'unknown';
  return { path: file, folder, version, source };
}

/** What is already there. @param {string} cacheDir @returns {Electron | undefined} */
function findElectron(cacheDir) {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) {
    const found = look(override, 'override');
    if (!found)
      throw new Trouble(`ELECTRON_OVERRIDE_DIST_PATH has no Electron: ${executableIn(override)} is missing`);
    return found;
  }
  const own = look(inRoot('node_modules', 'electron', 'dist'), 'package');
  if (own && own.version === wantedVersion()) return own;
  return hasStandIn() ? look(standInFolder(cacheDir), 'stand-in') : undefined;
}

function wantedVersion() {
  return JSON.parse(readFileSync(inRoot('node_modules', 'electron', 'package.json'), 'utf8')).version;
}

/** Whether the place of Electron's releases answers at all. A proxy or mirror is not second-guessed. */
export function canReachReleases() {
  const env = process.env;
  if (env.ELECTRON_MIRROR || env.npm_config_electron_mirror || env.HTTPS_PROXY || env.https_proxy)
    return Promise.resolve(true);
  return new Promise((resolve) => {
    const request = https.request(
      'https://github.com/electron/electron/releases',
      { method: 'HEAD', timeout: PROBE_MS },
      (answer) => {
        answer.resume();
        resolve((answer.statusCode ?? 500) < 500);
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', () => resolve(false));
    request.end();
  });
}

/** @returns {Promise<string | undefined>} undefined when it worked, else why not */
async function download() {
  if (!(await canReachReleases())) return 'github.com does not answer';
  const script = inRoot('node_modules', 'electron', 'install.js');
  const result = await run(process.execPath, [script], { timeoutMs: 10 * 60_000 });
  if (result.timedOut) return 'the download took longer than 10 minutes';
  return result.code === 0 ? undefined : (result.output.trim().split('\n')[0] ?? 'the download failed');
}

/** @param {Electron} electron */
function describe(electron) {
  const text = `${electron.version}`;
  if (electron.source === 'stand-in')
    return `${text}, the stand-in from npm (${standIn.package}, development and tests only)`;
  return electron.source === 'override' ? `${text}, from ELECTRON_OVERRIDE_DIST_PATH` : text;
}

/** The Node-API version it speaks, asked once per executable. @param {Electron} electron @param {string} cacheDir */
export async function nodeApiOf(electron, cacheDir) {
  if (electron.source === 'stand-in') return standIn.nodeApi;
  const about = statSync(electron.path);
  const stamp = path.join(cacheDir, 'facts', `node-api-${about.size}-${Math.round(about.mtimeMs)}`);
  const known = Number(readStamp(stamp));
  if (known > 0) return known;
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const answer = await mustRun(electron.path, ['-p', 'process.versions.napi'], {
    env,
    timeoutMs: 30_000,
    what: 'Electron',
  });
  const nodeApi = Number(answer.stdout.trim());
  if (!(nodeApi > 0))
    throw new Trouble('Electron does not tell its Node-API version', [answer.output.trim()]);
  writeStamp(stamp, String(nodeApi));
  return nodeApi;
}

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const electronStep = {
  name: 'electron',
  when: (context) => context.wants.electron || context.wants.sqlite,
  quick: (context) => {
    context.electron = findElectron(context.cacheDir);
    return context.electron && `up to date  ${describe(context.electron)}`;
  },
  work: async (context) => {
    const why = await download();
    if (why !== undefined) {
      if (!hasStandIn()) {
        throw new Trouble(`Electron could not be downloaded: ${why}`, [
          'set ELECTRON_MIRROR to a mirror of its releases, or',
          'set ELECTRON_OVERRIDE_DIST_PATH to an unpacked Electron of your own',
        ]);
      }
      await ensureStandIn(context.cacheDir);
    }
    context.electron = findElectron(context.cacheDir);
    if (!context.electron) throw new Trouble('Electron was fetched but cannot be found');
    return describe(context.electron) + (why === undefined ? '' : `, as ${why}`);
  },
};
