// `npm run screens`: builds the page over the simulated cluster and pictures every view of it in the real Electron.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { build } from 'vite';
import { type Served, serve } from './serve.ts';
import { type ScreenView, views } from './views.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pageFolder = path.join(root, 'dist/screens');
const outFolder = path.join(root, 'screens');
/** Time for fonts, a sample or two and the 130 ms of motion. */
const settleMs = 450;
/** Another theme is only other colours: the motion alone. */
const recolourMs = 180;

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
});

/** What the page is laid out for; each is drawn in every theme. */
type Variant = { readonly language: string; readonly width: number; readonly height: number };

const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 700 },
] as const;
const themes = options.quick ? (['dark'] as const) : (['dark', 'light'] as const);
const all: readonly Variant[] = sizes.flatMap((size) =>
  ['en', 'zh-CN'].map((language) => ({ language, ...size })),
);
const variants = options.quick ? all.slice(0, 1) : all;

function chosenViews(): readonly ScreenView[] {
  if (options.only === undefined) return views;
  const wanted = new Set(options.only.split(','));
  const found = views.filter((view) => wanted.has(view.name));
  if (found.length < wanted.size) {
    console.error(`unknown name in --only; there are: ${views.map((view) => view.name).join(', ')}`);
    process.exit(2);
  }
  return found;
}

/** `temporary` takes what Chromium and Playwright would leave behind in that of the computer. */
async function launch(url: string, temporary: string): Promise<ElectronApplication> {
  const executablePath = process.env['MESOLITE_ELECTRON'];
  const isRoot = process.getuid?.() === 0;
  return await _electron
    .launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      artifactsDir: temporary,
      args: [
        ...(isRoot ? ['--no-sandbox'] : []),
        '--disable-gpu',
        fileURLToPath(new URL('window.cjs', import.meta.url)),
      ],
      env: {
        ...(process.env as Record<string, string>),
        TMPDIR: temporary,
        MESOLITE_SCREENS_URL: 'about:blank',
      },
    })
    .then(async (app) => {
      const page = await app.firstWindow();
      await page.goto(url);
      return app;
    });
}

/** Whatever the page complains about, a CSP report as well. */
function watchFaults(page: Page, faults: string[], current: () => string): void {
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      faults.push(`${current()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`${current()}: ${error.message}`));
}

async function open(page: Page, url: string, view: ScreenView, variant: Variant): Promise<void> {
  const { language, width, height } = variant;
  // The name makes each address another one: the same address again would not load the page again.
  const query = new URLSearchParams({
    scene: view.scene ?? 'busy',
    theme: themes[0],
    lang: language,
    view: view.name,
  });
  await page.goto(`${url}?${query.toString()}${view.hash ?? '#/rack'}`);
  await page.locator('.fleet').waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => window.fakeCluster.tables.all('samples').length > 0);
  await page.mouse.move(width - 2, height / 2);
  await view.steps?.(page);
}

/** As a person does it in the settings, with everything open as it is. */
async function recolour(page: Page, theme: 'dark' | 'light'): Promise<void> {
  await page.evaluate((wanted) => {
    window.fakeCluster.tables.change('settings', 'settings', { theme: wanted });
    window.fakeCluster.flush();
  }, theme);
  await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
}

async function draw(page: Page, url: string, view: ScreenView, variant: Variant): Promise<void> {
  const { language, width, height } = variant;
  await open(page, url, view, variant);
  for (const [index, theme] of themes.entries()) {
    if (index > 0) await recolour(page, theme);
    await page.waitForTimeout(index > 0 ? recolourMs : settleMs);
    const name = `${view.name}.${theme}.${language}.${width}x${height}.png`;
    await page.screenshot({ path: path.join(outFolder, name) });
  }
}

async function drawAll(app: ElectronApplication, served: Served): Promise<readonly string[]> {
  const page = await app.firstWindow();
  const faults: string[] = [];
  let current = '';
  watchFaults(page, faults, () => current);
  for (const variant of variants) {
    await app.evaluate(
      ({ BrowserWindow }, size) => BrowserWindow.getAllWindows()[0]?.setContentSize(size.width, size.height),
      { width: variant.width, height: variant.height },
    );
    for (const view of chosenViews()) {
      current = `${view.name} (${variant.language}, ${variant.width})`;
      await draw(page, served.url, view, variant).catch((error: unknown) => {
        faults.push(`${current}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }
  return faults;
}

const startMs = performance.now();
await build({ configFile: path.join(root, 'test/support/fake-bridge/vite.config.ts'), logLevel: 'warn' });
if (options.only === undefined && !options.quick) rmSync(outFolder, { recursive: true, force: true });
mkdirSync(outFolder, { recursive: true });
const served = await serve(pageFolder);
const temporary = mkdtempSync(path.join(os.tmpdir(), 'mesolite-screens-'));
const app = await launch(served.url, temporary);
const faults = await drawAll(app, served);
await app.close();
served.stop();
rmSync(temporary, { recursive: true, force: true });
for (const fault of faults) console.error(`fault: ${fault}`);
const count = chosenViews().length * variants.length * themes.length;
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
console.log(
  `${count} pictures in ${path.relative(process.cwd(), outFolder)}/, ${faults.length} faults, ${seconds} s`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
