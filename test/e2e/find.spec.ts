// From an empty cluster to two machines that nobody typed the address of.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { diffFiles } from '../lan/listing.ts';
import { expect, test } from './fixtures.ts';
import { goToRack, laneOf, localIsLive, machineRow, snapshotOf, trustKey, waitUntilLive } from './steps.ts';

test('find two machines by a probe, add them one by one, and find them as ours', async ({
  start,
  lan,
  profile,
}) => {
  test.setTimeout(180_000);
  const hosts = [lan.host('host1'), lan.host('host2')];
  const before = hosts.map((host) => ({ host, listing: host.listEverything() }));
  // The person has been on the first one by ssh, and never on the second.
  const lines = readFileSync(lan.desk.knownHostsPath, 'utf8').split('\n');
  const known = lines.filter((line) => line.includes(lan.host('host1').address));
  writeFileSync(path.join(profile.home, '.ssh', 'known_hosts'), `${known.join('\n')}\n`);
  const { page } = await start();
  await localIsLive(page);
  const found = page.getByRole('table', { name: 'Find machines' });
  const rowOf = (name: string) => found.getByRole('row', { name, exact: true });

  await test.step('nothing is asked of anybody before the probe; then every host answers', async () => {
    await page.getByRole('main').getByRole('button', { name: 'Find machines' }).click();
    await expect(page.getByText('Makes up to 253 connections')).toBeVisible();
    await page.getByRole('button', { name: 'Probe', exact: true }).click();
    for (const name of ['host1', 'host2', 'host3']) {
      await expect(rowOf(name)).toContainText('answers on 22', { timeout: 30_000 });
      await expect(rowOf(name)).toContainText('SSH-2.0-OpenSSH');
    }
  });

  await test.step('two are ticked and added, the login is given once', async () => {
    for (const name of ['host1', 'host2']) await rowOf(name).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Add them one by one' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a machine' });
    await expect(dialog).toContainText('1 of 2.');
    await dialog.getByLabel('User', { exact: true }).fill('lab');
    await dialog.getByRole('group', { name: 'Log in with' }).getByText('Password').click();
    await dialog.getByRole('textbox', { name: 'Password' }).fill('lab');
    await dialog.getByRole('button', { name: 'Add, then the next' }).click();
    await expect(dialog).toContainText('2 of 2.');
    await dialog.getByRole('button', { name: 'Add machine' }).click();
    await expect(dialog).toBeHidden();
    const evidence = ['It has this very key for this address.', 'It does not know this machine.'];
    for (const [at, host] of hosts.entries()) {
      const lane = laneOf(page, { user: 'lab', address: host.address });
      await expect(lane).toContainText(evidence[at] ?? '', { timeout: 20_000 });
      await trustKey(lane, await host.fingerprint());
    }
    for (const host of hosts) await waitUntilLive(page, host.name);
  });

  await test.step('they are ours now', async () => {
    await page
      .getByRole('navigation', { name: 'Pages' })
      .getByRole('button', { name: 'Machines', exact: true })
      .click();
    await page.getByRole('main').getByRole('button', { name: 'Find machines' }).click();
    for (const { name } of hosts) await expect(rowOf(name)).toContainText(`is ${name}`, { timeout: 20_000 });
    await goToRack(page);
  });

  await test.step('and nothing of it stays on them', async () => {
    for (const host of hosts) {
      await machineRow(page, host.name).getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Remove machine' }).click();
      const dialog = page.getByRole('dialog').or(page.getByRole('alertdialog'));
      await dialog.getByRole('button', { name: 'Remove machine' }).click();
      const removal = laneOf(page, { user: 'lab', address: host.address }).filter({ hasText: 'Removing' });
      await expect(removal.getByText(/^done ·/)).toBeVisible({ timeout: 30_000 });
    }
    expect((await snapshotOf(page)).rows.machines).toHaveLength(1);
    for (const { host, listing } of before) {
      expect(diffFiles(listing, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
    }
  });
});
