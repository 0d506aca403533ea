// Shows the page of trouble.ts and waits for a choice. The window has no preload: nothing there may talk to us but by
// following one of the links it was given.
import { app, BrowserWindow } from 'electron';
import type { Log } from './log-file.ts';
import { appOrigin } from './pages.ts';
import { choiceOf, type Trouble, type TroubleChoice, troubleLine } from './trouble.ts';
import { webPreferences } from './windows.ts';

export function askTrouble(trouble: Trouble, log: Log): Promise<TroubleChoice> {
  process.stderr.write(`${troubleLine(trouble)}\n`);
  return new Promise((resolve) => {
    const window = new BrowserWindow({
      width: 760,
      height: 560,
      title: 'Mesolite',
      show: false,
      webPreferences: webPreferences(undefined),
    });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    let isChosen = false;
    const choose = (choice: TroubleChoice): void => {
      if (isChosen) return;
      isChosen = true;
      for (const signal of signals) process.off(signal, quit);
      app.off('before-quit', onBeforeQuit);
      // The next window is opened before this one goes, or the app would end as its last window closes.
      app.once('window-all-closed', () => undefined);
      // Not within the event of the window itself.
      setImmediate(() => {
        window.destroy();
        resolve(choice);
      });
    };
    const quit = (): void => choose('quit');
    const onBeforeQuit = (event: Electron.Event): void => {
      event.preventDefault();
      quit();
    };
    // The general rule has already denied it (and with it the later `will-navigate`); what counts here is only which
    // link it was.
    window.webContents.on('will-frame-navigate', (details) => {
      const choice = choiceOf(details.url, trouble);
      if (choice) choose(choice);
    });
    window.on('closed', quit);
    app.on('before-quit', onBeforeQuit);
    for (const signal of signals) process.on(signal, quit);
    window.once('ready-to-show', () => window.show());
    window
      .loadURL(`${appOrigin}/trouble`)
      .catch((error: unknown) => log('error', 'load-failed', { error: String(error) }));
  });
}
