// The composition root of the desktop app: wires, starts, ends. It decides nothing.
import path from 'node:path';
import { app, type BrowserWindow, dialog, nativeTheme, session } from 'electron';
import { startMetrics } from './blocking.ts';
import { startDemoIfAsked } from './demo.ts';
import { createDesktop } from './desktop.ts';
import { registerIpc } from './ipc.ts';
import { sayKept } from './lines.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { setMenu } from './menu.ts';
import { mapFolder } from './pages.ts';
import { denyBackgroundTraffic, denyNavigation, denyPermissions } from './permissions.ts';
import { makeDataFolder, type Places, readPlaces, readWishes } from './places.ts';
import { registerScheme, servePages } from './protocol.ts';
import { createQuit, type Quit } from './quit.ts';
import { openRuntime, type Runtime } from './runtime.ts';
import { startTerminal } from './terminal.ts';
import { crashedPages, troublePages } from './trouble.ts';
import { askTrouble } from './trouble-window.ts';
import { createWindowSide, type WindowSide } from './window-side.ts';
import { openWindow } from './windows.ts';

const startedMs = performance.now();
const distFolder = path.dirname(__dirname);
const wishes = readWishes(process.env);

function main(): void {
  if (process.env.MESOLITE_DATA) app.setPath('userData', path.resolve(process.env.MESOLITE_DATA));
  const places = readPlaces(process.env, app.getPath('userData'), distFolder);
  const problem = makeDataFolder(places.dataFolder);
  if (problem !== null) {
    // Without a folder there is no lock, no log and no window state: a plain box (or a line) is all that is left.
    dialog.showErrorBox('Mesolite', problem);
    app.exit(1);
    return;
  }
  // Chromium's own files apart from ours.
  app.setPath('sessionData', path.join(places.dataFolder, 'chromium'));
  registerScheme();
  denyBackgroundTraffic(app);
  // It would take --no-sandbox away from the helper processes, which then refuse to run as root. The windows ask for
  // the sandbox themselves either way, so a page never gets Node.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox();
  if (!app.requestSingleInstanceLock()) {
    process.stdout.write(
      `Mesolite already runs with the data in ${places.dataFolder}; its window comes to the front\n`,
    );
    app.exit(0);
    return;
  }
  const logFile = openLogFile(path.join(places.dataFolder, 'logs'));
  guardProcess(logFile);
  denyNavigation(app, logFile.log);
  app
    .whenReady()
    .then(() => start(places, logFile))
    .catch((error: unknown) => {
      logFile.log('error', 'start-failed', {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      logFile.flushNow();
      process.stderr.write(`Mesolite could not start: ${String(error)}\n`);
      app.exit(1);
    });
}

/** A fault outside the loop is written down; the tasks live in the agents, so going on is the smaller harm. */
function guardProcess({ log, flushNow }: LogFile): void {
  process.on('uncaughtException', (error) => {
    log('error', 'uncaught', { error: error.stack ?? error.message });
    flushNow();
  });
  process.on('unhandledRejection', (why) => {
    log('error', 'unhandled-rejection', {
      error: why instanceof Error ? (why.stack ?? why.message) : String(why),
    });
  });
  app.on('child-process-gone', (_event, details) => {
    log('warn', 'child-gone', { type: details.type, reason: details.reason, exitCode: details.exitCode });
  });
}

async function start(places: Places, logFile: LogFile): Promise<void> {
  const { log } = logFile;
  log('info', 'start', { version: app.getVersion(), electron: process.versions.electron, pid: process.pid });
  if (app.commandLine.hasSwitch('no-sandbox')) {
    log('warn', 'no-os-sandbox', { why: 'started with --no-sandbox, as root has to be' });
  }
  denyPermissions(session.defaultSession, log);
  setMenu();
  const pages = mapFolder(path.join(distFolder, 'renderer'));
  for (const [name, page] of crashedPages()) pages.set(name, page);
  servePages(session.defaultSession, pages);
  const runtime = await openOrAsk(places, logFile, pages);
  if (runtime === null) {
    await logFile.flush();
    app.exit(0);
    return;
  }
  const holder: Holder = { side: null, metrics: null };
  const quit = createQuit({
    runningTasks: runtime.runningLocalTasks,
    setting: () => runtime.settings().onQuit,
    remember: (onQuit) => runtime.master.command({ kind: 'change-settings', settings: { onQuit } }),
    ask: (runningTasks) => holder.side?.push('app:quit-asked', { runningTasks }) ?? false,
    close: async (end) => {
      holder.side?.stop();
      if (end === 'keep') sayKept(runtime.runningLocalTasks());
      await runtime.close(end);
      holder.metrics?.stop();
      log('info', 'closed', {});
      await logFile.flush();
    },
    exit: (code) => app.exit(code),
    log,
  });
  const window = openMainWindow({ places, logFile, runtime, quit, holder });
  const askDemo = (args: readonly string[]): void => void startDemoIfAsked(args, runtime.demo, log);
  askDemo(process.argv);
  app.on('second-instance', (_event, args) => askDemo(args));
  endWith(quit, window);
  if (wishes.terminal) startTerminal({ window, snapshot: () => runtime.master.snapshot(), places, log });
}

/** Made later than the functions that use them. */
type Holder = { side: WindowSide | null; metrics: { stop: () => void } | null };

type Parts = {
  readonly places: Places;
  readonly logFile: LogFile;
  readonly runtime: Runtime;
  readonly quit: Quit;
  readonly holder: Holder;
};

function openMainWindow({ places, logFile, runtime, quit, holder }: Parts): BrowserWindow {
  const { log } = logFile;
  const { window, load } = openWindow({
    preload: path.join(__dirname, 'preload.cjs'),
    dataFolder: places.dataFolder,
    log,
    theme: () => runtime.settings().theme,
    onRendererGone: () => holder.side?.reset(),
  });
  const desktop = createDesktop({
    window: () => (window.isDestroyed() ? null : window),
    dataFolder: places.dataFolder,
    loginFacts: runtime.loginFacts,
  });
  const side = createWindowSide({ window, runtime, desktop, quit, log });
  holder.side = side;
  registerIpc(side.gate, (contents) => contents === window.webContents, log);
  let theme = runtime.settings().theme;
  runtime.master.subscribe((patch) => {
    const [settings] = patch.diff.settings?.put ?? [];
    if (settings === undefined || settings.theme === theme) return;
    theme = settings.theme;
    nativeTheme.themeSource = theme;
  });
  window.webContents.once('did-finish-load', () => {
    if (wishes.test) holder.metrics = startMetrics(places.dataFolder, log);
    log('info', 'window-loaded', { afterMs: Math.round(performance.now() - startedMs) });
  });
  load().catch((error: unknown) => log('error', 'load-failed', { error: String(error) }));
  return window;
}

/** All ways out lead through `quit`. */
function endWith(quit: Quit, window: BrowserWindow): void {
  window.on('close', (event) => {
    event.preventDefault();
    quit.request(true);
  });
  app.on('before-quit', (event) => {
    event.preventDefault();
    quit.request(true);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => quit.request(false));
  app.on('second-instance', () => {
    if (window.isDestroyed()) return;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  });
  app.on('window-all-closed', () => undefined);
}

/** Opens the data, and asks the person as long as it cannot be opened. null = the person quits. */
async function openOrAsk(
  places: Places,
  logFile: LogFile,
  pages: ReturnType<typeof mapFolder>,
): Promise<Runtime | null> {
  const options = { places, appVersion: app.getVersion(), log: logFile.log };
  for (;;) {
    const opened = await openRuntime(options);
    if (opened.kind === 'ready') return opened.runtime;
    logFile.log('error', 'data-trouble', {
      kind: opened.trouble.kind,
      file: opened.trouble.file,
      detail: opened.trouble.detail,
    });
    for (const [name, page] of troublePages(opened.trouble)) pages.set(name, page);
    const choice = await askTrouble(opened.trouble, logFile.log);
    logFile.log('info', 'data-trouble-choice', { choice });
    if (choice === 'quit') return null;
    await opened.act(choice);
  }
}

main();
