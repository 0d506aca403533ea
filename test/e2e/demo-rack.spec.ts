// The demo rack in the real window: one click makes six machines out of this computer, one click takes them away.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import { until } from '../support/wait.ts';
import { type Profile, pidsOf } from './app.ts';
import { expect, test } from './fixtures.ts';
import {
  ask,
  goToRack,
  localIsLive,
  machineRow,
  openTask,
  runByDialog,
  runDirectly,
  snapshotOf,
  waitForState,
  waitUntilLive,
} from './steps.ts';

const six = ['demo-ash', 'demo-elm', 'demo-fir', 'demo-ivy', 'demo-oak', 'demo-yew'];
const demoFolder = (profile: Profile) => path.join(profile.dataFolder, 'demo');
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

async function demoMachines(page: Page): Promise<MachineRecord[]> {
  const { rows } = await snapshotOf(page);
  return rows.machines.filter((machine) => machine.via.kind === 'local' && machine.via.demo !== undefined);
}

async function openDoor(page: Page): Promise<number> {
  const clickedMs = performance.now();
  await page.getByRole('main').getByRole('button', { name: 'Start the demo rack' }).click();
  for (const name of six) await waitUntilLive(page, name);
  return performance.now() - clickedMs;
}

async function askRemoval(page: Page): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find or do' }).fill('remove the demo');
  await page.getByRole('option', { name: 'Remove the demo rack' }).click();
}

test('one click makes six different machines that really run tasks, one click leaves no trace of them', async ({
  start,
  profile,
}) => {
  const { page } = await start();
  const here = await localIsLive(page);
  const startMs = await openDoor(page);
  console.log(`six machines live ${Math.round(startMs)} ms after the click`);

  await test.step('they are six agents with a share each, together no more than this computer', async () => {
    const machines = await demoMachines(page);
    const { rows } = await snapshotOf(page);
    const agents = machines.map((machine) => rows.agents.find((agent) => agent.id === machine.agentId));
    expect(new Set(agents.map((agent) => agent?.id)).size).toBe(6);
    const sizes = agents.map((agent) => [agent?.resources.cpusMilli, agent?.resources.memMib].join(' '));
    expect(new Set(sizes).size).toBeGreaterThanOrEqual(5);
    const whole = agents[0]?.facts;
    const sum = (name: 'cpusMilli' | 'memMib') =>
      agents.reduce((total, agent) => total + (agent?.resources[name] ?? 0), 0);
    expect(sum('cpusMilli')).toBeLessThanOrEqual((whole?.cpus ?? 0) * 1000);
    expect(sum('memMib')).toBeLessThanOrEqual(whole?.memMib ?? 0);
    for (const [index, machine] of machines.entries()) {
      const capacity = machine.via.kind === 'local' ? machine.via.demo?.capacity : undefined;
      expect(agents[index]?.resources).toMatchObject({ ...capacity, gpus: 0 });
    }
    await expect(machineRow(page, here)).toBeVisible();
  });

  await test.step('each is a process of its own', async () => {
    const machines = await demoMachines(page);
    for (const { id } of machines) {
      expect(existsSync(path.join(demoFolder(profile), id, 'agent.json'))).toBe(true);
      expect(pidsOf(path.join(demoFolder(profile), id)).length).toBeGreaterThan(0);
    }
  });

  await test.step('hello runs on two of them', async () => {
    for (const name of ['demo-ash', 'demo-ivy']) {
      await runByDialog(page, name, { name: `hello-${name}`, line: 'echo hello from $MESOS_TASK_ID' });
      await waitForState(page, `hello-${name}`, 'TASK_FINISHED');
      await openTask(page, `hello-${name}`);
      await expect(page.getByRole('log', { name: 'Log stdout' })).toContainText('hello from t-');
    }
    await goToRack(page);
  });

  await test.step('a slice shows the use of its own tasks only', async () => {
    await runDirectly(page, 'demo-elm', { name: 'busy', line: 'while :; do :; done' });
    await waitForState(page, 'busy', 'TASK_RUNNING');
    const useOf = async (name: string) => {
      const { rows } = await snapshotOf(page);
      const id = rows.machines.find((machine) => machine.name === name)?.id;
      return rows.samples.find((record) => record.id === id)?.sample.cpuBusyMilli;
    };
    await until(async () => ((await useOf('demo-elm')) ?? 0) > 50, {
      what: 'demo-elm is busy',
      capMs: 15_000,
    });
    expect(await useOf('demo-yew')).toBe(0);
  });

  await test.step('removing names what ends, and leaves no process, folder or row', async () => {
    const pids = pidsOf(demoFolder(profile));
    expect(pids.length).toBeGreaterThan(6);
    await askRemoval(page);
    const dialog = page.getByRole('alertdialog', { name: 'Remove the demo rack' });
    await expect(dialog).toContainText(
      '6 agents (demo-ash, demo-elm, demo-fir, demo-ivy, demo-oak, demo-yew) and the one task',
    );
    const clickedMs = performance.now();
    await dialog.getByRole('button', { name: 'Remove the demo rack' }).click();
    await expect(dialog).toBeHidden();
    await until(async () => (await demoMachines(page)).length === 0, {
      what: 'no row is left',
      capMs: 30_000,
    });
    console.log(`removed ${Math.round(performance.now() - clickedMs)} ms after the click`);
    await until(() => pids.every((pid) => !isAlive(pid)), { what: 'no process is left' });
    expect(existsSync(demoFolder(profile))).toBe(false);
    const { rows } = await snapshotOf(page);
    expect([rows.machines.length, rows.agents.length, rows.tasks.length, rows.lanes.length]).toEqual([
      1, 1, 0, 0,
    ]);
    const [removal] = rows.operations.filter((operation) => operation.verb === 'remove-demo-rack');
    expect(removal).toMatchObject({ stage: 'seen', refusal: null });
    await expect(page.getByRole('main').getByRole('button', { name: 'Start the demo rack' })).toBeVisible();
  });

  await test.step('and it comes back by the same door', async () => {
    await openDoor(page);
    expect(await demoMachines(page)).toHaveLength(6);
  });
});

test('--demo starts it, its idle agents end with the app, and the next start finds the same machines', async ({
  start,
  profile,
}) => {
  const first = await start({}, ['--demo']);
  for (const name of six) await waitUntilLive(first.page, name);
  const before = (await demoMachines(first.page)).map((machine) => machine.agentId).sort();
  await first.quit();
  await until(() => pidsOf(profile.folder).length === 0, { what: 'no process of the profile is left' });
  const second = await start({}, ['--demo']);
  for (const name of six) await waitUntilLive(second.page, name);
  expect((await demoMachines(second.page)).map((machine) => machine.agentId).sort()).toEqual(before);
});

test('a task of a demo machine outlives the app when it is told to, and goes with the rack', async ({
  start,
  profile,
}) => {
  const first = await start({}, ['--demo']);
  await waitUntilLive(first.page, 'demo-oak');
  await ask(first.page, 'settings:set', { onQuit: 'keep' });
  await runDirectly(first.page, 'demo-oak', { name: 'long', line: 'sleep 600', graceMs: 60_000 });
  await waitForState(first.page, 'long', 'TASK_RUNNING');
  const oak = (await demoMachines(first.page)).find((machine) => machine.name === 'demo-oak')?.id ?? '';
  await first.quit();
  await until(
    () =>
      pidsOf(demoFolder(profile)).every((pid) => pidsOf(path.join(demoFolder(profile), oak)).includes(pid)),
    {
      what: 'only the agent with the task is left',
    },
  );
  expect(pidsOf(path.join(demoFolder(profile), oak)).length).toBeGreaterThan(1);
  const second = await start();
  await waitForState(second.page, 'long', 'TASK_RUNNING');
  await ask(second.page, 'demo:remove', {});
  await until(async () => (await demoMachines(second.page)).length === 0, {
    what: 'no row is left',
    capMs: 30_000,
  });
  expect(pidsOf(demoFolder(profile))).toEqual([]);
  expect(existsSync(demoFolder(profile))).toBe(false);
});

test('removed in the very moment of its start, nothing comes up afterwards', async ({ start, profile }) => {
  const { page } = await start();
  await localIsLive(page);
  await ask(page, 'demo:start', {});
  await ask(page, 'demo:remove', {});
  await until(async () => (await demoMachines(page)).length === 0, {
    what: 'no row is left',
    capMs: 30_000,
  });
  expect(pidsOf(demoFolder(profile))).toEqual([]);
  expect(existsSync(demoFolder(profile))).toBe(false);
});

test('an agent of it that was killed comes back, and the settings take the rack away in Chinese too', async ({
  start,
  profile,
}) => {
  const { page } = await start({}, ['--demo']);
  for (const name of six) await waitUntilLive(page, name);
  const ash = (await demoMachines(page)).find((machine) => machine.name === 'demo-ash');
  const [pid] = pidsOf(path.join(demoFolder(profile), ash?.id ?? ''));
  process.kill(pid ?? 0, 'SIGKILL');
  await until(() => pidsOf(path.join(demoFolder(profile), ash?.id ?? '')).some((each) => each !== pid), {
    what: 'its agent runs again',
  });
  await waitUntilLive(page, 'demo-ash');
  expect((await demoMachines(page)).find((machine) => machine.name === 'demo-ash')?.agentId).toBe(
    ash?.agentId,
  );

  await ask(page, 'settings:set', { language: 'zh-CN' });
  await page.getByRole('navigation').getByRole('button', { name: '设置' }).click();
  await page.getByRole('main').getByRole('button', { name: '移除演示机架' }).click();
  const dialog = page.getByRole('alertdialog', { name: '移除演示机架' });
  await expect(dialog).toContainText('6 个 agent');
  await dialog.getByRole('button', { name: '移除演示机架' }).click();
  await expect(page.getByRole('main').getByRole('button', { name: '启动演示机架' })).toBeVisible({
    timeout: 30_000,
  });
  expect(pidsOf(demoFolder(profile))).toEqual([]);
});
