// A database in a bad state is told in a window with choices; the app never starts empty in silence.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import Database from 'better-sqlite3';
import { until } from '../support/wait.ts';
import { type AppUnderTest, type Profile, readLog } from './app.ts';
import { expect, type Start, test } from './fixtures.ts';
import { localIsLive, localName, snapshotOf } from './steps.ts';

const fileOf = (profile: Profile): string => path.join(profile.dataFolder, 'mesolite.db');

function openDatabase(profile: Profile): Database.Database {
  const nativeBinding = process.env.MESOLITE_SQLITE_BINDING;
  return new Database(fileOf(profile), nativeBinding ? { nativeBinding } : {});
}

/** A data folder that was used once. */
async function useOnce(start: Start): Promise<void> {
  const app = await start();
  await localName(app.page);
  await app.quit();
}

/** Overwrites pages in the middle, as a failing disk would. */
function damage(profile: Profile): void {
  const file = openSync(fileOf(profile), 'r+');
  writeSync(file, Buffer.alloc(statSync(fileOf(profile)).size - 100, 0xa5), 0, undefined, 100);
  closeSync(file);
}

/** As a click, but after the answer to the test: the window goes away under it. */
async function press(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name });
  await button.evaluate((element: HTMLElement) => setTimeout(() => element.click(), 0));
}

/** Follows a choice of the page and waits for the window that comes then. */
async function choose(app: AppUnderTest, name: string): Promise<Page> {
  const next = app.electron.waitForEvent('window');
  await press(app.page, name);
  const page = await next;
  await page.waitForLoadState('load');
  return page;
}

test('locked: says so, and starts after "Try again" once the other program has let go', async ({
  start,
  profile,
}) => {
  await useOnce(start);
  const other = openDatabase(profile);
  other.exec('BEGIN EXCLUSIVE');
  const app = await start();
  await expect(app.page.getByRole('alertdialog')).toContainText(
    'Another program is using the data of Mesolite',
  );
  await expect(app.page.getByRole('alertdialog')).toContainText('Nothing was changed');
  await expect(app.page.getByText(fileOf(profile))).toBeVisible();
  const again = await choose(app, 'Try again');
  await expect(again.getByRole('alertdialog')).toContainText('Another program is using the data');
  other.close();
  const next = app.electron.waitForEvent('window');
  await press(again, 'Try again');
  await localIsLive(await next);
});

test('newer: leaves the file alone to the byte and can be quit by the keyboard', async ({
  start,
  profile,
}) => {
  await useOnce(start);
  const db = openDatabase(profile);
  db.pragma('user_version = 9999');
  db.close();
  copyFileSync(fileOf(profile), path.join(profile.folder, 'before.db'));
  const app = await start();
  await expect(app.page.getByRole('alertdialog')).toContainText('was written by a newer version');
  await expect(app.page.getByRole('button', { name: 'Quit' })).toBeFocused();
  await app.page.keyboard.press('Enter').catch(() => 'the page may go before the key is released');
  await until(() => app.hasEnded(), { what: 'the app has ended' });
  execFileSync('cmp', [fileOf(profile), path.join(profile.folder, 'before.db')]);
});

test('corrupt without a snapshot: keeps the damaged file when the person starts empty', async ({
  start,
  profile,
}) => {
  await useOnce(start);
  damage(profile);
  const app = await start();
  await expect(app.page.getByRole('alertdialog')).toContainText('The data of Mesolite is damaged');
  const page = await choose(app, 'Set the data aside and start empty');
  await localName(page);
  const kept = readdirSync(profile.dataFolder).filter((name) => name.startsWith('mesolite.db.aside-'));
  expect(kept).toHaveLength(1);
  expect(readLog(profile)).toContain('store-set-aside');
});

test('corrupt with a snapshot: restores it, keeps the damaged file, and says so in the window', async ({
  start,
  profile,
}) => {
  await useOnce(start);
  const db = openDatabase(profile);
  db.prepare('VACUUM INTO ?').run(snapshotPlace(profile));
  db.close();
  damage(profile);
  const app = await start();
  await localIsLive(app.page);
  await expect(
    app.page.getByText('The store was damaged and was restored from its newest good copy.'),
  ).toBeVisible();
  const kept = readdirSync(profile.dataFolder).filter((name) => name.startsWith('mesolite.db.corrupt-'));
  expect(kept.length).toBeGreaterThan(0);
});

function snapshotPlace(profile: Profile): string {
  const folder = path.join(profile.dataFolder, 'snapshots');
  execFileSync('mkdir', ['-p', folder]);
  return path.join(folder, 'mesolite-20260101T000000-000Z.db');
}

test('read-only: shows what is known, takes no command, says why, and goes on when it can be written again', async ({
  start,
  profile,
}) => {
  await useOnce(start);
  const file = fileOf(profile);
  // Root may write anything, but not to a read-only mount; it lives in this test's own mount namespace.
  execFileSync('mount', ['--bind', file, file]);
  const free = (): void => void execFileSync('umount', [file]);
  let isMounted = true;
  try {
    execFileSync('mount', ['-o', 'remount,ro,bind', file]);
    const app = await start();
    await expect(app.page.getByText('The store cannot be written.')).toBeVisible();
    const name = await localName(app.page);
    await expect(app.page.getByRole('row', { name, exact: true })).toBeVisible();
    const refused = await app.page.evaluate(() =>
      window.mesolite?.invoke('settings:set', { theme: 'light' }),
    );
    expect(refused).toMatchObject({ ok: false, refusal: { reason: 'store-read-only' } });
    free();
    isMounted = false;
    await expect(app.page.getByText('The store cannot be written.')).toBeHidden({ timeout: 30_000 });
    await expect
      .poll(() => app.page.evaluate(() => window.mesolite?.invoke('settings:set', { theme: 'light' })))
      .toMatchObject({ ok: true });
    expect((await snapshotOf(app.page)).rows.settings[0]?.theme).toBe('light');
  } finally {
    if (isMounted) free();
  }
  expect(existsSync(file)).toBe(true);
});

test('a damaged key of our own is told, not replaced', async ({ start, profile }) => {
  await useOnce(start);
  const key = path.join(profile.dataFolder, 'keys', 'id_ed25519');
  writeFileSync(key, 'not a key');
  const app = await start();
  await expect(app.page.getByRole('alertdialog')).toContainText('The data of Mesolite cannot be opened');
  await expect(app.page.getByText(/our own key .* is damaged/)).toBeVisible();
  expect(readFileSync(key, 'utf8')).toBe('not a key');
});

test('a data folder that cannot be used ends the start with a line that names it', ({ profile }) => {
  const blocked = path.join(profile.folder, 'a-file');
  writeFileSync(blocked, '');
  const root = path.resolve(import.meta.dirname, '..', '..');
  const outcome = spawnSync(process.env.MESOLITE_ELECTRON ?? '', ['--no-sandbox', '--disable-gpu', root], {
    env: {
      ...process.env,
      TMPDIR: path.join(profile.folder, 'tmp'),
      MESOLITE_DATA: path.join(blocked, 'data'),
      HOME: profile.home,
    },
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toContain(`cannot use its data folder ${path.join(blocked, 'data')} (ENOTDIR)`);
});
