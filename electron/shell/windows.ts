// The window: sandboxed, isolated, without Node; bounds and view remembered; brought back when its renderer dies.
import fs from 'node:fs';
import path from 'node:path';
import {
  BrowserWindow,
  type Event,
  nativeTheme,
  type Rectangle,
  type RenderProcessGoneDetails,
  screen,
} from 'electron';
import { z } from 'zod';
import type { Log } from './log-file.ts';
import { appOrigin } from './pages.ts';

const minWidth = 1024;
const minHeight = 700;
const defaultBounds = { width: 1440, height: 900 };
/** More deaths than this in a minute: the window stays on a plain page instead of dying again and again. */
const maxDeathsAMinute = 5;

/** As the tokens of the two themes (look.md), so that nothing flashes before the page has painted. */
const backgrounds = { dark: '#0d0f12', light: '#f6f7f9' } as const;

export const windowStateSchema = z.object({
  bounds: z.object({
    x: z.number().int(),
    y: z.number().int(),
    width: z.number().int(),
    height: z.number().int(),
  }),
  isMaximized: z.boolean(),
});
export type WindowState = z.infer<typeof windowStateSchema>;

export type WindowOptions = {
  readonly preload: string;
  /** Where bounds are kept between starts. */
  readonly dataFolder: string;
  readonly log: Log;
  readonly theme: () => 'system' | 'dark' | 'light';
  /** The renderer is gone: its streams end. */
  readonly onRendererGone: (contentsId: number) => void;
};

export type MainWindow = {
  readonly window: BrowserWindow;
  readonly load: () => Promise<void>;
};

export function openWindow(options: WindowOptions): MainWindow {
  const state = readState(options.dataFolder);
  nativeTheme.themeSource = options.theme();
  const window = new BrowserWindow({
    ...defaultBounds,
    ...(state && isVisible(state.bounds) ? state.bounds : {}),
    minWidth,
    minHeight,
    show: false,
    // Alt shows it; its keys work all the time.
    autoHideMenuBar: true,
    title: 'Mesolite',
    backgroundColor: nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light,
    webPreferences: webPreferences(options.preload),
  });
  if (state?.isMaximized) window.maximize();
  window.once('ready-to-show', () => window.show());
  rememberState(window, options.dataFolder);
  const view = { url: `${appOrigin}/index.html` };
  const load = () => window.loadURL(view.url);
  // The page keeps its place in the hash, so loading the same address brings back the same view.
  window.webContents.on('did-navigate-in-page', (_event, url, isMainFrame) => {
    if (isMainFrame && url.startsWith(`${appOrigin}/`)) view.url = url;
  });
  bringBack(window, options, load);
  return { window, load };
}

export function webPreferences(preload: string | undefined): Electron.WebPreferences {
  return {
    ...(preload === undefined ? {} : { preload }),
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    experimentalFeatures: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    enableWebSQL: false,
    // The bars must move on behind other windows too; the page itself decides what is worth painting.
    backgroundThrottling: true,
  };
}

function bringBack(window: BrowserWindow, options: WindowOptions, load: () => Promise<void>): void {
  const deaths: number[] = [];
  window.webContents.on('render-process-gone', (_event: Event, details: RenderProcessGoneDetails) => {
    options.log('error', 'renderer-gone', { reason: details.reason, exitCode: details.exitCode });
    options.onRendererGone(window.webContents.id);
    if (details.reason === 'clean-exit' || window.isDestroyed()) return;
    const nowMs = performance.now();
    deaths.push(nowMs);
    while (deaths[0] !== undefined && nowMs - deaths[0] > 60_000) deaths.shift();
    if (deaths.length > maxDeathsAMinute) {
      options.log('error', 'renderer-gives-up', { deaths: deaths.length });
      setTimeout(() => void window.loadURL(`${appOrigin}/crashed`).catch(() => undefined), 20);
      return;
    }
    // Not within the event itself: the process is still being taken down.
    setTimeout(() => {
      if (!window.isDestroyed())
        load().catch((error: unknown) => options.log('error', 'load-failed', { error: String(error) }));
    }, 20);
  });
  window.webContents.on('unresponsive', () => options.log('warn', 'renderer-hangs'));
  window.webContents.on('responsive', () => options.log('info', 'renderer-answers-again'));
  window.webContents.on('preload-error', (_event, _path, error) => {
    options.log('error', 'preload-failed', { error: String(error) });
  });
  window.webContents.on('did-fail-load', (_event, code, words, url) => {
    options.log('error', 'load-failed', { code, words, url: url.slice(0, 200) });
  });
}

function stateFile(dataFolder: string): string {
  return path.join(dataFolder, 'window.json');
}

function readState(dataFolder: string): WindowState | null {
  try {
    return windowStateSchema.parse(JSON.parse(fs.readFileSync(stateFile(dataFolder), 'utf8')));
  } catch {
    return null; // first start, or a file of another version
  }
}

function isVisible(bounds: Rectangle): boolean {
  return screen.getAllDisplays().some(({ workArea: area }) => {
    const isAcross = bounds.x < area.x + area.width - 100 && bounds.x + bounds.width > area.x + 100;
    return isAcross && bounds.y >= area.y - 20 && bounds.y < area.y + area.height - 100;
  });
}

function rememberState(window: BrowserWindow, dataFolder: string): void {
  let timer: NodeJS.Timeout | null = null;
  const write = (): void => {
    timer = null;
    if (window.isDestroyed()) return;
    const state: WindowState = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() };
    fs.promises.writeFile(stateFile(dataFolder), JSON.stringify(state)).catch(() => undefined);
  };
  const later = (): void => {
    timer ??= setTimeout(write, 500);
  };
  window.on('resize', later);
  window.on('move', later);
  window.on('maximize', later);
  window.on('unmaximize', later);
  window.on('closed', () => timer && clearTimeout(timer));
}
