// Where things are and what was asked for by the environment. Read once, at the start. No Electron here.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export type Places = {
  readonly dataFolder: string;
  /** Folder with the agents for all kinds of machines. */
  readonly agentFolder: string;
  /** A SQLite binding built for this runtime; null = the one of the package. */
  readonly sqliteBinding: string | null;
  /** The program of the thread that has the database. */
  readonly storeProgram: string;
  /** Makers of network cards by their addresses. */
  readonly macVendors: string;
};

export type Wishes = {
  /** Print machines as lines and refresh a picture of the window. */
  readonly terminal: boolean;
  /** Measure, and write what was measured into the data folder. */
  readonly test: boolean;
};

export function readWishes(env: NodeJS.ProcessEnv): Wishes {
  return { terminal: env.MESOLITE_TERMINAL === '1', test: env.MESOLITE_TEST === '1' };
}

export function readPlaces(env: NodeJS.ProcessEnv, dataFolder: string, distFolder: string): Places {
  const resources = resourcesOf(distFolder);
  return {
    dataFolder,
    agentFolder: env.MESOLITE_AGENT_DIR ?? path.join(resources ?? distFolder, 'agent'),
    sqliteBinding: env.MESOLITE_SQLITE_BINDING ?? packagedBinding(resources),
    storeProgram: path.join(distFolder, 'main', 'store-worker.cjs'),
    macVendors: path.join(distFolder, 'main', 'mac-vendors.txt'),
  };
}

/** Beside app.asar in a packaged app: programs cannot be started from within it. */
function resourcesOf(distFolder: string): string | undefined {
  const at = distFolder.indexOf(`${path.sep}app.asar${path.sep}`);
  return at < 0 ? undefined : distFolder.slice(0, at);
}

/** Only packages made on an older runtime carry one; see build/README.md. */
function packagedBinding(resources: string | undefined): string | null {
  const file = resources === undefined ? undefined : path.join(resources, 'better_sqlite3.node');
  return file !== undefined && fs.existsSync(file) ? file : null;
}

/** The folder Electron would choose, for a runtime without Electron. */
export function defaultDataFolder(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  home = os.homedir(),
): string {
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Mesolite');
  if (platform === 'win32')
    return path.join(env.APPDATA ?? path.join(home, 'AppData', 'Roaming'), 'Mesolite');
  return path.join(env.XDG_CONFIG_HOME ?? path.join(home, '.config'), 'Mesolite');
}

/** Only for this user. Returns why it cannot be used, or null. */
export function makeDataFolder(folder: string): string | null {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return `Mesolite cannot use its data folder ${folder} (${code}). Nothing was changed. Set MESOLITE_DATA to another folder, or make this one writable.`;
  }
}
