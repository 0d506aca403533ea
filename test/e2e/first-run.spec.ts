// The first start: this computer is the first machine, its figures live; the second start is quick.
import { statSync } from 'node:fs';
import path from 'node:path';
import { until } from '../support/wait.ts';
import { readLog } from './app.ts';
import { expect, test } from './fixtures.ts';
import { localIsLive, machineRow, snapshotOf } from './steps.ts';

test('shows this computer with live figures that move', async ({ start }) => {
  const app = await start();
  const name = await localIsLive(app.page);
  const row = machineRow(app.page, name);
  await expect(row).toContainText(/\d+ cpus? · [\d.]+ GiB/);
  await expect(row.getByRole('cell').nth(1)).toContainText(/[\d.]+ \/ \d+/);
  await expect(app.page.getByRole('button', { name: '1 machine' })).toBeVisible();
  const seqOf = async () => (await snapshotOf(app.page)).rows.samples[0]?.sample.seq ?? 0;
  const first = await seqOf();
  await until(async () => (await seqOf()) >= first + 3, { what: 'three more samples came' });
});

test('is private, needs no network, and says in its log what it did without a secret', async ({
  start,
  profile,
}) => {
  const app = await start();
  await localIsLive(app.page);
  expect(statSync(profile.dataFolder).mode & 0o077).toBe(0);
  for (const name of ['mesolite.db', 'master-id', 'keys/id_ed25519']) {
    expect(statSync(path.join(profile.dataFolder, name)).mode & 0o077, name).toBe(0);
  }
  const log = readLog(profile);
  expect(log).toMatch(/ info start version=/);
  expect(log).not.toContain('PRIVATE KEY');
});

test('a second start reaches the window, and tells how long it took', async ({ start }) => {
  const first = await start();
  await localIsLive(first.page);
  await first.quit();
  const second = await start();
  await localIsLive(second.page);
  const loadedMs = Number(
    /window-loaded afterMs=(\d+)/.exec(readLog(second.profile).split(' info start ').at(-1) ?? '')?.[1],
  );
  console.log(`second start of the app to its window: ${loadedMs} ms`);
  expect(loadedMs).toBeGreaterThan(0);
});

test('in terminal mode prints a line a machine, the path of a picture, and how to stop', async ({
  start,
  profile,
}) => {
  const app = await start({ MESOLITE_TERMINAL: '1' });
  const name = await localIsLive(app.page);
  await until(() => new RegExp(`^${name} +live +cpu [\\d.]+ of \\d+ +mem `, 'm').test(app.output()), {
    what: 'a line with figures',
  });
  const picture = path.join(profile.dataFolder, 'window.png');
  expect(app.output()).toContain(picture);
  expect(app.output()).toContain('Ctrl-C');
  await until(() => statSync(picture).size > 5000, { what: 'the picture is there' });
});

test('remembers its place and size', async ({ start }) => {
  const first = await start();
  const bounds = { x: 40, y: 30, width: 1100, height: 750 };
  await first.electron.evaluate(
    ({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]?.setBounds(wanted),
    bounds,
  );
  await until(() => statSync(path.join(first.profile.dataFolder, 'window.json')).size > 0, {
    what: 'the bounds were kept',
  });
  await first.quit();
  const second = await start();
  const found = await second.electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.getBounds(),
  );
  expect(found).toEqual(bounds);
  await second.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(200, 100));
  // The window manager answers in its own time.
  const size = () =>
    second.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getSize().join(' x '));
  await until(async () => (await size()) === '1024 x 700', { what: 'it is as small as it can be' });
});
