// From an empty cluster to four machines that nobody typed the address of.
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { Host } from '../lan/host.ts';
import { diffFiles } from '../lan/listing.ts';
import type { Lan } from '../lan/vlan.ts';
import { expect, test } from './fixtures.ts';
import { goToRack, laneOf, localIsLive, machineRow, snapshotOf, waitUntilLive } from './steps.ts';

/** What sshd there has heard of logins. */
function logins(lan: Lan, name: string): readonly string[] {
  const log = readFileSync(path.join(lan.folder, 'hosts', name, 'log'), 'utf8');
  return log.match(/^(?:Accepted|Failed) \w+ for .*$/gm) ?? [];
}

/** Every file below it that holds this text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}

const stateOf = async (page: Page, host: Host) =>
  (await snapshotOf(page)).rows.lanes.find(({ title }) => title.includes(`@${host.address}:`))?.state;

test('find four machines by a probe, add them side by side, and find them as ours', async ({
  start,
  lan,
  profile,
}) => {
  test.setTimeout(240_000);
  const [host1, host2, host3, strict] = ['host1', 'host2', 'host3', 'strict'].map((name) =>
    lan.host(name),
  ) as [Host, Host, Host, Host];
  const hosts = [host1, host2, host3, strict];
  const userOf = (host: Host) => (host === host1 ? 'root' : 'lab');
  const laneAt = (page: Page, host: Host) => laneOf(page, { user: userOf(host), address: host.address });
  const before = hosts.map((host) => ({ host, listing: host.listEverything() }));
  const heardBefore = new Map(hosts.map(({ name }) => [name, logins(lan, name).length]));
  const heard = (host: Host) => logins(lan, host.name).slice(heardBefore.get(host.name));
  // The person has been on the first one by ssh, and never on the others.
  const lines = readFileSync(lan.desk.knownHostsPath, 'utf8').split('\n');
  const known = lines.filter((line) => line.includes(host1.address));
  const ssh = path.join(profile.home, '.ssh');
  writeFileSync(path.join(ssh, 'known_hosts'), `${known.join('\n')}\n`);
  copyFileSync(lan.desk.keyPath, path.join(ssh, 'id_ed25519'));
  chmodSync(path.join(ssh, 'id_ed25519'), 0o600);
  const { page } = await start();
  await localIsLive(page);
  const found = page.getByRole('table', { name: 'Find machines' });
  const rowOf = (name: string) => found.getByRole('row', { name, exact: true });
  const keys = page.getByRole('region', { name: 'Keys to compare' });
  const summary = page.getByRole('region', { name: 'How it stands' }).getByRole('status');

  await test.step('nothing is asked of anybody before the probe; then every host answers', async () => {
    await page.getByRole('main').getByRole('button', { name: 'Find machines' }).click();
    await expect(page.getByText('Makes up to 253 connections')).toBeVisible();
    await page.getByRole('button', { name: 'Probe', exact: true }).click();
    for (const { name } of hosts) {
      await expect(rowOf(name)).toContainText('answers on 22', { timeout: 30_000 });
      await expect(rowOf(name)).toContainText('SSH-2.0-OpenSSH');
    }
  });

  await test.step('all are ticked; one goes with a key, the others share a password', async () => {
    for (const { name } of hosts) await rowOf(name).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Add these 4' }).click();
    const dialog = page.getByRole('dialog', { name: /^Add \d machines?$/ });
    for (const { name } of [host2, host3, strict]) await dialog.getByRole('checkbox', { name }).uncheck();
    await dialog.getByLabel('User', { exact: true }).fill('root');
    await expect(dialog.getByRole('combobox', { name: 'Private key' })).toContainText('id_ed25519');
    await dialog.getByRole('button', { name: 'Add 1, then the other 3' }).click();
    await expect(dialog.getByRole('checkbox', { name: 'host1' })).toHaveCount(0);
    await dialog.getByLabel('User', { exact: true }).fill('lab');
    await dialog.getByRole('group', { name: 'Log in with' }).getByText('Password').click();
    await dialog.getByRole('textbox', { name: 'Password' }).fill('lab');
    await dialog.getByRole('button', { name: 'Add all 3' }).click();
    await expect(dialog).toBeHidden();
  });

  await test.step('every key is shown, and nobody has logged in anywhere', async () => {
    await expect(keys.getByRole('listitem')).toHaveCount(4, { timeout: 20_000 });
    for (const host of hosts) {
      const key = keys.getByRole('listitem').filter({ hasText: `@${host.address}:` });
      await expect(key).toContainText(await host.fingerprint());
      await expect(key).toContainText(
        host === host1 ? 'It has this very key for this address.' : 'It does not know this machine.',
      );
    }
    expect(hosts.map(heard)).toEqual([[], [], [], []]);
  });

  await test.step('one is held, one skipped; the others go on, and the window may be loaded anew meanwhile', async () => {
    await laneAt(page, host3).getByRole('button', { name: 'Pause' }).click();
    await laneAt(page, host2).getByRole('button', { name: 'Skip' }).click();
    await expect(laneAt(page, host2)).toContainText('skipped');
    await expect(keys.getByRole('listitem')).toHaveCount(3);
    await keys.getByRole('button', { name: 'Tick all that nothing speaks against' }).click();
    await keys.getByRole('button', { name: 'Trust the 3 ticked' }).click();
    await page.reload();
    await expect(laneAt(page, host3)).toContainText('paused');
    await expect.poll(() => stateOf(page, host1), { timeout: 40_000 }).toBe('done');
    await expect.poll(() => stateOf(page, strict), { timeout: 40_000 }).toBe('failed');
    await expect(laneAt(page, strict)).toContainText('The machine refused the login.');
    expect(await stateOf(page, host3)).toBe('running');
    expect([heard(host2), heard(host3)]).toEqual([[], []]);
    expect(heard(strict)).toHaveLength(1);
  });

  await test.step('the held one is resumed, and the end says who is live and why one is not', async () => {
    await goToRack(page);
    await page.getByRole('button', { name: /^Adding 4 machines: 1 live, 1 under way/ }).click();
    await laneAt(page, host3).getByRole('button', { name: 'Resume' }).click();
    await expect(summary).toContainText('2 live, 1 failed, 1 skipped, in ', { timeout: 40_000 });
    await expect(page.getByRole('region', { name: 'How it stands' })).toContainText(
      `The machine refused the login. lab@${strict.address}:22`,
    );
  });

  await test.step('the skipped one and the refusing one come in with the right passwords', async () => {
    for (const [host, verb, password] of [
      [host2, 'Try again', 'lab'],
      [strict, 'Use other credentials', 'gneiss-Canary-71'],
    ] as const) {
      await laneAt(page, host).getByRole('button', { name: verb }).click();
      const dialog = page.getByRole('dialog', { name: /^Try .* again$/ });
      await dialog.getByRole('group', { name: 'Log in with' }).getByText('Password').click();
      await dialog.getByRole('textbox', { name: 'Password' }).fill(password);
      await dialog.getByRole('button', { name: 'Try again' }).click();
      await expect(dialog).toBeHidden();
    }
    await keys.getByRole('checkbox').check();
    await expect(keys.getByRole('listitem')).toContainText(await host2.fingerprint());
    await keys.getByRole('button', { name: 'Trust the ticked one' }).click();
    await expect(summary).toContainText('4 live, in ', { timeout: 40_000 });
    expect(heard(strict).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'Failed password',
      'Accepted password',
      'Accepted publickey',
    ]);
    expect(filesWith(profile.folder, 'gneiss-Canary-71')).toEqual([]);
    await page.getByRole('button', { name: 'Put them away' }).click();
    await expect(page.getByText('No machine is being added.')).toBeVisible();
    await goToRack(page);
    for (const { name } of hosts) await waitUntilLive(page, name);
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
      const removal = laneAt(page, host).filter({ hasText: 'Removing' });
      await expect(removal.getByText(/^done ·/)).toBeVisible({ timeout: 30_000 });
    }
    expect((await snapshotOf(page)).rows.machines).toHaveLength(1);
    for (const { host, listing } of before) {
      expect(diffFiles(listing, host.listEverything())).toEqual({ added: [], removed: [], changed: [] });
    }
  });
});
