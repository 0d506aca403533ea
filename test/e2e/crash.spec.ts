// The window may die; the master does not notice, and the same view is back within two seconds.
import { expect, test } from './fixtures.ts';
import { localIsLive, runDirectly, taskNamed, waitForState } from './steps.ts';

test('a renderer crash: back with the same view within 2 s, the master unaffected', async ({ start }) => {
  const app = await start();
  const machine = await localIsLive(app.page);
  await runDirectly(app.page, machine, { name: 'steady', line: 'sleep 60' });
  await waitForState(app.page, 'steady', 'TASK_RUNNING');
  const task = await taskNamed(app.page, 'steady');
  await app.page.evaluate((id) => {
    location.hash = `#/tasks/${id}`;
  }, task?.id);
  await expect(app.page.getByRole('heading', { name: 'steady' })).toBeVisible();
  const outcome = await app.electron.evaluate(async ({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows()[0];
    if (!window) throw new Error('no window');
    const { webContents } = window;
    const before = webContents.getURL();
    const startMs = performance.now();
    webContents.forcefullyCrashRenderer();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const heading = await Promise.race([
        webContents
          .executeJavaScript('document.querySelector("h1")?.textContent ?? ""')
          .then(String, () => ''),
        new Promise<string>((resolve) => setTimeout(() => resolve(''), 200)),
      ]);
      const tookMs = performance.now() - startMs;
      if (heading === 'steady' || tookMs > 10_000) {
        return {
          tookMs,
          heading,
          isSameUrl: webContents.getURL() === before,
          windows: BrowserWindow.getAllWindows().length,
        };
      }
    }
  });
  console.log(`window back ${Math.round(outcome.tookMs)} ms after the crash of its renderer`);
  expect(outcome).toMatchObject({ heading: 'steady', isSameUrl: true, windows: 1 });
  // The master went on: the task still runs and takes commands of the new renderer.
  const state = await app.electron.evaluate(async ({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    return window?.webContents.executeJavaScript(
      'window.mesolite.invoke("state:snapshot", {}).then((answer) => answer.value.rows.tasks[0].state)',
    ) as Promise<string>;
  });
  expect(state).toBe('TASK_RUNNING');
});

test('a window that dies again and again ends on a plain page that says so', async ({ start }) => {
  const app = await start();
  await localIsLive(app.page);
  const title = await app.electron.evaluate(async ({ BrowserWindow }) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    if (!contents) throw new Error('no window');
    const loaded = (): Promise<void> =>
      new Promise((resolve) => contents.once('did-finish-load', () => resolve()));
    for (let death = 0; death < 6; death += 1) {
      const next = loaded();
      contents.forcefullyCrashRenderer();
      await next;
    }
    return contents.executeJavaScript('document.querySelector("h1").textContent') as Promise<string>;
  });
  expect(title).toBe('The window of Mesolite crashed several times');
});
