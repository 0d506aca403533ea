// Machines that cannot be added as asked: what the lane says, and that nothing stays behind. The full table of refusals
// is in test/lan; these go through the window.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from '@playwright/test';
import { diffFiles } from '../lan/listing.ts';
import type { AppUnderTest } from './app.ts';
import { expect, test } from './fixtures.ts';
import {
  addMachine,
  laneOf,
  localIsLive,
  machineRow,
  retryWith,
  snapshotOf,
  trustKey,
  waitUntilLive,
} from './steps.ts';

async function reasonOf(app: AppUnderTest, title: string): Promise<string | undefined> {
  const { rows } = await snapshotOf(app.page);
  const lane = rows.lanes.find((each) => each.title.startsWith(title));
  return lane?.steps.find((step) => step.refusal !== null)?.refusal?.reason;
}

const failed = (lane: Locator) => expect(lane.getByText(/^failed ·/)).toBeVisible({ timeout: 30_000 });

test.describe('adding a machine', () => {
  let app: AppUnderTest;
  test.beforeEach(async ({ start }) => {
    app = await start();
    await localIsLive(app.page);
  });

  test('with a wrong password: says so, leaves nothing, works with the right one', async ({ lan }) => {
    const host = lan.host('host3');
    const before = host.listEverything();
    const lane = await addMachine(app.page, { address: 'host3', user: 'lab', password: 'wrong' });
    await trustKey(lane, await host.fingerprint());
    await failed(lane);
    expect(await reasonOf(app, 'lab@host3')).toBe('login-refused');
    await expect(lane).toContainText('What you can do');
    expect(diffFiles(before, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
    await retryWith(app.page, lane, { address: 'host3', user: 'lab', password: 'lab' });
    await waitUntilLive(app.page, 'host3');
    await machineRow(app.page, 'host3').getByRole('button', { name: 'More actions' }).click();
    await app.page.getByRole('menuitem', { name: 'Remove machine' }).click();
    const dialog = app.page.getByRole('dialog').or(app.page.getByRole('alertdialog'));
    await dialog.getByRole('button', { name: 'Remove machine' }).click();
    const removal = laneOf(app.page, { user: 'lab', address: 'host3' }).filter({ hasText: 'Removing' });
    await expect(removal.getByText(/^done ·/)).toBeVisible({ timeout: 30_000 });
    expect(diffFiles(before, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
  });

  test('with a wrong password twice: stops, so that no account gets locked', async ({ lan }) => {
    const host = lan.host('host3');
    const before = host.listEverything();
    const refusedLogins = () =>
      readFileSync(path.join(lan.folder, 'hosts', 'host3', 'log'), 'utf8').match(/^Failed password/gm)
        ?.length ?? 0;
    const refusedBefore = refusedLogins();
    const wrong = { address: 'host3', user: 'lab', password: 'wrong' };
    const lane = await addMachine(app.page, wrong);
    await trustKey(lane, await host.fingerprint());
    await failed(lane);
    await retryWith(app.page, lane, wrong);
    await expect(lane).toContainText('refused twice', { timeout: 30_000 });
    expect(await reasonOf(app, 'lab@host3')).toBe('login-refused-twice');
    await expect(lane.getByRole('button', { name: 'Dismiss' })).toBeVisible();
    await expect(lane.getByRole('button', { name: /Try again|Use other credentials/ })).toHaveCount(0);
    expect(refusedLogins() - refusedBefore).toBe(2);
    expect(diffFiles(before, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
  });

  test.describe('that cannot be reached', () => {
    const cases = [
      { what: 'a closed port', at: { address: 'host3', port: 2 }, reason: 'connection-refused' },
      // The LAN has no name service, so nobody can say that there is no such name.
      { what: 'no such host', at: { address: 'nowhere' }, reason: 'name-lookup-failed' },
    ];
    for (const { what, at, reason } of cases) {
      test(`${what}: names it`, async () => {
        const lane = await addMachine(app.page, { ...at, user: 'lab', password: 'lab' });
        await failed(lane);
        expect(await reasonOf(app, `lab@${at.address}`)).toBe(reason);
        expect((await snapshotOf(app.page)).rows.machines).toHaveLength(1);
      });
    }
  });

  test('whose host key changes later: stops for that machine and says so', async ({ lan }) => {
    const host = lan.host('host3');
    const lane = await addMachine(app.page, { address: 'host3', user: 'lab', password: 'lab' });
    await trustKey(lane, await host.fingerprint());
    await waitUntilLive(app.page, 'host3');
    await host.changeHostKey();
    await host.cut();
    const row = machineRow(app.page, 'host3');
    await expect(row.getByText(/silent|unreachable/).first()).toBeVisible({ timeout: 20_000 });
    await host.mend();
    await expect(row.getByText('needs you').first()).toBeVisible({ timeout: 30_000 });
    const problem = (await snapshotOf(app.page)).rows.links.find((link) => link.problem !== null)?.problem;
    expect(problem?.reason).toBe('host-key-changed');
  });
});
