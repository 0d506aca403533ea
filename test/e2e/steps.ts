// What a person does in the window, as functions: found by role and name only.
import type { Locator, Page } from '@playwright/test';
import type { Answers, Channel, Request } from '../../electron/contract/channels.ts';
import type { Snapshot } from '../../electron/contract/tables.ts';
import type { TaskOptions, TaskRecord } from '../../electron/contract/task.ts';
import { until } from '../support/wait.ts';
import { expect } from './fixtures.ts';

/** Straight over the bridge, for what a test needs but is not about. Throws on a refusal. */
export async function ask<C extends Channel>(
  page: Page,
  channel: C,
  request: Request<C>,
): Promise<Answers[C]> {
  const answer = await page.evaluate(
    async ([name, value]) => {
      const bridge = window.mesolite as unknown as { invoke(name: string, value: unknown): Promise<unknown> };
      return bridge.invoke(name, value);
    },
    [channel, request] as const,
  );
  const result = answer as { ok: boolean; value: Answers[C]; refusal?: unknown };
  if (!result.ok) throw new Error(`${channel}: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

export function snapshotOf(page: Page): Promise<Snapshot> {
  return ask(page, 'state:snapshot', {});
}

/** What the master knows of the newest task of that name. */
export async function taskNamed(page: Page, name: string): Promise<TaskRecord | undefined> {
  const { rows } = await snapshotOf(page);
  return rows.tasks
    .filter((task) => task.info.name === name)
    .sort((a, b) => b.createdAtMs - a.createdAtMs)[0];
}

export function machineRow(page: Page, name: string): Locator {
  return page.getByRole('table', { name: 'Rack' }).getByRole('row', { name, exact: true });
}

export async function waitUntilLive(page: Page, name: string): Promise<void> {
  await expect(machineRow(page, name).getByRole('img', { name: 'live' })).toBeVisible({ timeout: 20_000 });
}

/** The name under which this computer is in the rack. */
export async function localName(page: Page): Promise<string> {
  return until(
    async () => (await snapshotOf(page)).rows.machines.find((machine) => machine.via.kind === 'local')?.name,
    { what: 'this computer is in the rack' },
  );
}

export async function localIsLive(page: Page): Promise<string> {
  const name = await localName(page);
  await waitUntilLive(page, name);
  return name;
}

/** Runs a shell line on a machine without the dialog. */
export async function runDirectly(
  page: Page,
  machine: string,
  options: { name: string; line: string; graceMs?: number; life?: TaskOptions },
) {
  const { rows } = await snapshotOf(page);
  const machineId = rows.machines.find((each) => each.name === machine)?.id;
  if (!machineId) throw new Error(`no machine ${machine}`);
  const command = {
    shell: true,
    value: options.line,
    arguments: [],
    environment: [],
    workingFolder: null,
    user: null,
  };
  return ask(page, 'task:run', {
    machineId,
    name: options.name,
    command,
    cpusMilli: 100,
    memMib: 64,
    diskMib: 0,
    gpus: 0,
    killGraceMs: options.graceMs ?? 1000,
    ...(options.life ? { options: options.life } : {}),
  });
}

export async function waitForState(
  page: Page,
  name: string,
  state: TaskRecord['state'],
): Promise<TaskRecord> {
  return until(
    async () => {
      const task = await taskNamed(page, name);
      return task?.state === state ? task : undefined;
    },
    { what: `${name} is ${state}`, capMs: 30_000, everyMs: 100 },
  );
}

export type NewMachine = {
  readonly address: string;
  readonly user: string;
  readonly port?: number;
  readonly password?: string;
  /** A private key that the dialog offers because it is in ~/.ssh. */
  readonly keyFile?: string;
};

/** Opens the dialog, fills it in and sends it. The lane is then on the rack. */
export async function addMachine(page: Page, machine: NewMachine): Promise<Locator> {
  await page.getByRole('banner').getByRole('button', { name: 'Add machine' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a machine' });
  await dialog.getByLabel('Address').fill(machine.address);
  if (machine.port !== undefined) await dialog.getByLabel('Port').fill(String(machine.port));
  await dialog.getByLabel('User', { exact: true }).fill(machine.user);
  await fillLogin(page, dialog, machine);
  await dialog.getByRole('button', { name: 'Add machine' }).click();
  await expect(dialog).toBeHidden();
  return laneOf(page, machine);
}

async function fillLogin(page: Page, dialog: Locator, machine: NewMachine): Promise<void> {
  const kinds = dialog.getByRole('group', { name: 'Log in with' });
  if (machine.password !== undefined) {
    await kinds.getByText('Password').click();
    await dialog.getByRole('textbox', { name: 'Password' }).fill(machine.password);
    return;
  }
  await kinds.getByText('Key file').click();
  await dialog.getByRole('combobox', { name: 'Private key' }).click();
  await page.getByRole('option', { name: machine.keyFile ?? '' }).click();
}

/** Other credentials for a lane that failed. */
export async function retryWith(page: Page, lane: Locator, machine: NewMachine): Promise<void> {
  await lane.getByRole('button', { name: 'Use other credentials' }).click();
  const dialog = page.getByRole('dialog', { name: /Try .* again/ });
  await fillLogin(page, dialog, machine);
  await dialog.getByRole('button', { name: 'Try again' }).click();
  await expect(dialog).toBeHidden();
}

export function laneOf(page: Page, { user, address, port = 22 }: NewMachine): Locator {
  return page.getByRole('region', { name: new RegExp(`(Adding|Removing) ${user}@${address}:${port}`) });
}

/** Compares the fingerprint as a person would, then trusts it. */
export async function trustKey(lane: Locator, fingerprint: string): Promise<void> {
  await expect(lane.getByText('Is this the right machine?')).toBeVisible({ timeout: 20_000 });
  await expect(lane.getByText(fingerprint)).toBeVisible();
  await lane.getByRole('button', { name: 'It matches, trust it' }).click();
}

/** By the dialog, on the machine named. Returns when the dialog has closed. */
export async function runByDialog(
  page: Page,
  machine: string,
  task: { name: string; line: string; graceS?: number },
) {
  await page.getByRole('banner').getByRole('button', { name: 'Run task' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run a task' });
  await dialog.getByRole('combobox', { name: 'Machine' }).click();
  await page.getByRole('option', { name: machine }).click();
  await dialog.getByRole('textbox', { name: 'Command' }).fill(task.line);
  await dialog.getByRole('textbox', { name: 'Name' }).fill(task.name);
  if (task.graceS !== undefined) {
    await dialog.getByText('More', { exact: true }).click();
    await dialog.getByText('Time and stopping', { exact: true }).click();
    await dialog.getByLabel('Kill grace, seconds').fill(String(task.graceS));
  }
  await dialog.getByRole('button', { name: 'Run task' }).click();
  await expect(dialog).toBeHidden();
}

/** The page of a task, by the table of tasks. */
export async function openTask(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('button', { name: 'Tasks', exact: true })
    .click();
  await page.getByRole('row', { name, exact: true }).getByRole('button', { name }).click();
  await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
}

export async function goToRack(page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('button', { name: 'Rack' }).click();
}
