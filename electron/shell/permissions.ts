// Everything a page could ask for is denied: permissions (asked and checked), devices, screen capture, navigation,
// new windows, web views, downloads. Links go to the system browser, and only those of a fixed list.
import { type App, type Session, shell, type WebContents } from 'electron';
import type { Request } from '../contract/channels.ts';
import { ok, type Result } from '../contract/errors.ts';
import type { Log } from './log-file.ts';

const foreignUrls = ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'ftp://*/*', 'file://*/*'];

/** Chromium's own services that would call home. Before the app is ready. */
export function denyBackgroundTraffic(app: App): void {
  for (const name of [
    'disable-background-networking',
    'disable-component-update',
    'disable-domain-reliability',
    'no-pings',
  ]) {
    app.commandLine.appendSwitch(name);
  }
  app.commandLine.appendSwitch('disable-features', 'DnsOverHttps,OptimizationHints,MediaRouter');
}

export function denyPermissions(session: Session, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log('warn', 'deny-permission', { permission });
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, answer) => answer({}));
  session.setUSBProtectedClassesHandler(() => []);
  session.setBluetoothPairingHandler((_details, answer) => answer({ confirmed: false }));
  // The policy of the pages forbids it already; nothing may leave by another way either.
  session.webRequest.onBeforeRequest({ urls: foreignUrls }, (details, answer) => {
    log('warn', 'deny-request', { url: details.url.slice(0, 200) });
    answer({ cancel: true });
  });
  session.on('will-download', (event) => event.preventDefault());
  session.setSpellCheckerEnabled(false);
}

/** For every web contents that ever comes to be. */
export function denyNavigation(app: App, log: Log): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => deny(event, contents, log));
    contents.on('will-frame-navigate', (event) => deny(event, contents, log));
    contents.on('will-redirect', (event) => deny(event, contents, log));
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      log('warn', 'deny-window', { url: url.slice(0, 200) });
      return { action: 'deny' };
    });
  });
}

function deny(event: { preventDefault: () => void; url?: string }, contents: WebContents, log: Log): void {
  event.preventDefault();
  log('warn', 'deny-navigation', { window: contents.id, url: event.url?.slice(0, 200) });
}

const links: Readonly<Record<Request<'app:open-external'>['link'], string>> = {
  manual: 'https://github.com/mesolite/mesolite/blob/main/docs/guide.md',
  licence: 'https://github.com/mesolite/mesolite/blob/main/LICENSE',
  issues: 'https://github.com/mesolite/mesolite/issues',
};

export async function openLink(link: Request<'app:open-external'>['link']): Promise<Result<null>> {
  await shell.openExternal(links[link]);
  return ok(null);
}
