// The only place that registers IPC. Every request comes in by one channel and must come from the top frame of our
// own origin in one of our windows; then the gate decides. Every push goes out by one channel too.
import { BrowserWindow, type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import type { PushChannel, Pushes } from '../contract/channels.ts';
import { type Result, refuse } from '../contract/errors.ts';
import type { Gate } from './ipc-gate.ts';
import type { Log } from './log-file.ts';
import { appOrigin } from './pages.ts';

export type PushTo = <P extends PushChannel>(channel: P, push: Pushes[P]) => void;

/** `isOurs`: whether these web contents are the main window's. */
export function registerIpc(gate: Gate, isOurs: (contents: WebContents) => boolean, log: Log): void {
  ipcMain.handle('mesolite:invoke', (event, channel: unknown, request: unknown): Promise<Result<unknown>> => {
    if (!isTrusted(event, isOurs)) {
      log('warn', 'refuse-sender', { frame: event.senderFrame?.url.slice(0, 200) ?? 'gone' });
      return Promise.resolve(refuse('unauthorized', 'foreign-sender', 'only the window of Mesolite may ask'));
    }
    return gate.handle({ id: event.sender.id }, channel, request);
  });
}

function isTrusted(event: IpcMainInvokeEvent, isOurs: (contents: WebContents) => boolean): boolean {
  const frame = event.senderFrame;
  if (!frame || frame.parent !== null || frame !== event.sender.mainFrame) return false;
  // `frame.origin` is 'null' for a sandboxed or data: frame and 'app://mesolite' for ours.
  return (
    frame.origin === appOrigin && BrowserWindow.fromWebContents(event.sender) !== null && isOurs(event.sender)
  );
}

/** Sends to these web contents as long as they live. */
export function pushTo(contents: WebContents): PushTo {
  return (channel, push) => {
    if (!contents.isDestroyed() && !contents.isCrashed()) contents.send('mesolite:push', channel, push);
  };
}
