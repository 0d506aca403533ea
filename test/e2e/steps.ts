// What a person does in the window, as functions: found by role and name only.
import type { Locator, Page } from '@playwright/test';
import type { Answers, Channel, Request } from '../../electron/contract/channels.ts';
import type { Snapshot } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
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
  options: { name: string; line: string; graceMs?: number },
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
