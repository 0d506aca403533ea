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
  return {
    dataFolder,
    agentFolder: env.MESOLITE_AGENT_DIR ?? path.join(distFolder, 'agent'),
    sqliteBinding: env.MESOLITE_SQLITE_BINDING ?? null,
  };
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

/** Only for this user. A folder that cannot be made is told by the first write into it. */
export function makeDataFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Told by whoever needs it.
  }
}
