// Where things live. Inside the checkout everything made is under dist/ and node_modules/; what is
// expensive and independent of the checkout (the Electron stand-in, the SQLite binding) is in the cache folder.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
export const distDir = path.join(root, 'dist');
export const agentDir = path.join(distDir, 'agent');
export const stampDir = path.join(distDir, '.stamps');

/** @param {NodeJS.ProcessEnv} env @param {NodeJS.Platform} platform @returns {string} */
export function cacheDirOf(env = process.env, platform = process.platform, home = os.homedir()) {
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME))
    return path.join(env.XDG_CACHE_HOME, 'mesolite');
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'mesolite');
  if (platform === 'win32')
    return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'mesolite', 'Cache');
  return path.join(home, '.cache', 'mesolite');
}

/** @param {string[]} parts */
export function inRoot(...parts) {
  return path.join(root, ...parts);
}
