// What only a desktop has: clipboard, dialogs, links, and the facts for the "about" page.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { app, type BrowserWindow, clipboard, dialog } from 'electron';
import type { AppInfo } from '../contract/channels.ts';
import { openLink } from './permissions.ts';
import type { Desktop } from './ports.ts';

export type DesktopDeps = {
  readonly window: () => BrowserWindow | null;
  readonly dataFolder: string;
  /** Facts that adapters know: keys of the user, ssh-agent, our own public key. */
  readonly loginFacts: () => Promise<Pick<AppInfo, 'keyFiles' | 'hasSshAgent' | 'ownPublicKey'>>;
};

export function createDesktop({ window, dataFolder, loginFacts }: DesktopDeps): Desktop {
  const pick = async (properties: NonNullable<Electron.OpenDialogOptions['properties']>) => {
    const parent = window();
    const answer = await (parent
      ? dialog.showOpenDialog(parent, { properties })
      : dialog.showOpenDialog({ properties }));
    return answer.canceled || answer.filePaths.length === 0 ? null : answer.filePaths;
  };
  return {
    writeClipboard: (text) => {
      // Asynchronous in newer Electrons, without a value either way.
      void clipboard.writeText(text);
    },
    pickKeyFile: async () => {
      const folder = path.join(os.homedir(), '.ssh');
      const options: Electron.OpenDialogOptions = {
        title: 'Choose a private key',
        defaultPath: await firstFolder(folder, os.homedir()),
        properties: ['openFile', 'showHiddenFiles', 'dontAddToRecent'],
      };
      const parent = window();
      const answer = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options));
      return answer.canceled ? null : (answer.filePaths[0] ?? null);
    },
    pickSavePath: async (suggestedName) => {
      const options: Electron.SaveDialogOptions = {
        title: 'Save',
        defaultPath: path.join(app.getPath('downloads'), suggestedName),
        properties: ['createDirectory', 'showOverwriteConfirmation', 'dontAddToRecent'],
      };
      const parent = window();
      const answer = await (parent ? dialog.showSaveDialog(parent, options) : dialog.showSaveDialog(options));
      return answer.canceled || answer.filePath === '' ? null : answer.filePath;
    },
    pickFolder: async () => {
      const [folder] = (await pick(['openDirectory', 'createDirectory', 'dontAddToRecent'])) ?? [];
      return folder ?? null;
    },
    pickFiles: () => pick(['openFile', 'multiSelections', 'showHiddenFiles', 'dontAddToRecent']),
    openLink,
    about: async () => ({
      version: app.getVersion(),
      electron: process.versions.electron ?? '',
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      dataFolder,
      user: os.userInfo().username,
      systemLocale: app.getLocale() || 'en',
      ...(await loginFacts()),
    }),
  };
}

/** The wanted one, when it is there. */
function firstFolder(wanted: string, otherwise: string): Promise<string> {
  return fs.promises.access(wanted).then(
    () => wanted,
    () => otherwise,
  );
}
