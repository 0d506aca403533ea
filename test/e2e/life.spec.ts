// How a task lives, through the window: restarts with their reasons, its files, its results, files it is given; and one
// machine with two Mesolites.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type AppUnderTest, makeProfile, startApp } from './app.ts';
import { expect, test } from './fixtures.ts';
import {
  ask,
  localIsLive,
  localName,
  openTask,
  runDirectly,
  snapshotOf,
  taskNamed,
  waitForState,
} from './steps.ts';

/** What the person would choose in the dialogs of the system. */
async function choose(app: AppUnderTest, paths: readonly string[]): Promise<void> {
  await app.electron.evaluate(({ dialog }, filePaths) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [...filePaths] });
  }, paths);
}

async function chooseSave(app: AppUnderTest, file: string): Promise<void> {
  await app.electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
  }, file);
}

test.describe('a task on this computer', () => {
  let app: AppUnderTest;
  let machine: string;
  test.beforeEach(async ({ start }) => {
    app = await start();
    machine = await localIsLive(app.page);
  });

  test('that fails is started again, and each end is told with its reason', async () => {
    const line = 'echo run; exit 3';
    const life = { labels: [], restart: { on: 'failure', maxInRow: 2 } } as const;
    await runDirectly(app.page, machine, { name: 'crasher', line, life: { ...life, labels: [] } });
    const task = await waitForState(app.page, 'crasher', 'TASK_FAILED');
    expect(task.statuses.at(-1)).toMatchObject({ exitCode: 3, restarts: 2 });
    const between = task.statuses.filter((status) => status.nextStartAtMs !== undefined);
    expect(between.map((status) => status.exitCode)).toEqual([3, 3]);
    await openTask(app.page, 'crasher');
    await expect(app.page.getByText(/exited with code 3/).first()).toBeVisible();
    await expect(app.page.getByText(/started again 2 times|given up after 2 restarts/).first()).toBeVisible();
    await expect(app.page.getByRole('log', { name: 'Log stdout' })).toContainText('run');
  });

  test('shows its files, which can be read here and saved', async () => {
    const line = 'mkdir sub; echo inside > sub/deep.txt; echo top > top.txt';
    await runDirectly(app.page, machine, { name: 'filer', line });
    await waitForState(app.page, 'filer', 'TASK_FINISHED');
    await openTask(app.page, 'filer');
    await app.page.getByRole('tab', { name: 'Files' }).click();
    await app.page.getByRole('button', { name: 'sub', exact: true }).click();
    await app.page.getByRole('button', { name: 'deep.txt', exact: true }).click();
    await expect(app.page.getByText('inside', { exact: true })).toBeVisible();
    const file = path.join(app.profile.folder, 'saved.txt');
    await chooseSave(app, file);
    const task = await taskNamed(app.page, 'filer');
    if (!task) throw new Error('no task');
    expect(await ask(app.page, 'sandbox:save', { taskId: task.id, path: 'sub/deep.txt' })).toEqual({
      path: file,
      bytes: 7,
    });
    expect(readFileSync(file, 'utf8')).toBe('inside\n');
  });

  test('gives its results to a folder of this computer', async () => {
    const line = 'mkdir out; echo 42 > out/answer.txt; echo no > out/other.log';
    const life = { labels: [], results: ['out/*.txt'] };
    await runDirectly(app.page, machine, { name: 'maker', line, life });
    await waitForState(app.page, 'maker', 'TASK_FINISHED');
    const chosen = path.join(app.profile.folder, 'chosen');
    mkdirSync(chosen);
    await choose(app, [chosen]);
    await openTask(app.page, 'maker');
    await app.page.getByRole('tab', { name: 'Results' }).click();
    await expect(app.page.getByRole('row', { name: 'out/answer.txt' })).toBeVisible();
    await app.page.getByRole('button', { name: 'Save all' }).click();
    await expect(app.page.getByText(/^Saved 1 file/)).toBeVisible();
    expect(readdirSync(chosen)).toEqual(['maker-results']);
    expect(readdirSync(path.join(chosen, 'maker-results/out'))).toEqual(['answer.txt']);
    expect(readFileSync(path.join(chosen, 'maker-results/out/answer.txt'), 'utf8')).toBe('42\n');
  });

  test('gets a file that was picked here, also when the original is gone by then', async () => {
    const original = path.join(app.profile.folder, 'input.dat');
    const content = Buffer.alloc(3_000_000, 'input\n');
    writeFileSync(original, content);
    await choose(app, [original]);
    const picked = await ask(app.page, 'artifact:pick', {});
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(picked?.files).toEqual([{ name: 'input.dat', sizeBytes: content.length, sha256 }]);
    writeFileSync(original, 'changed');
    const artifacts = [{ url: null, sha256, path: 'in/input.dat', extract: false, executable: false }];
    const line = 'sha256sum < in/input.dat';
    await runDirectly(app.page, machine, { name: 'fed', line, life: { labels: [], artifacts } });
    await waitForState(app.page, 'fed', 'TASK_FINISHED');
    await openTask(app.page, 'fed');
    await expect(app.page.getByRole('log', { name: 'Log stdout' })).toContainText(sha256);
    expect((await snapshotOf(app.page)).rows.progress).toEqual([]);
  });

  test('whose file is no longer kept here ends with that word', async () => {
    const artifacts = [
      { url: null, sha256: 'f'.repeat(64), path: 'lost.dat', extract: false, executable: false },
    ];
    await runDirectly(app.page, machine, { name: 'lost', line: 'true', life: { labels: [], artifacts } });
    const task = await waitForState(app.page, 'lost', 'TASK_ERROR');
    expect(task.statuses.at(-1)?.message).toContain('lost.dat');
    await openTask(app.page, 'lost');
    await expect(app.page.getByText(/lost\.dat/).first()).toBeVisible();
  });
});

test('a machine is taken over from another Mesolite only on request, and the other one does not fight', async ({
  start,
}) => {
  const first = await start();
  const machine = await localIsLive(first.page);
  await runDirectly(first.page, machine, { name: 'stays', line: 'sleep 3000' });
  await waitForState(first.page, 'stays', 'TASK_RUNNING');
  const profile = makeProfile();
  mkdirSync(profile.dataFolder, { recursive: true });
  // The second one's own agent is that of the first: one machine, two masters.
  symlinkSync(path.join(first.profile.dataFolder, 'agent'), path.join(profile.dataFolder, 'agent'));
  const second = await startApp({ profile });
  try {
    const door = second.page.getByRole('button', { name: 'Take over' }).first();
    await expect(door).toBeVisible({ timeout: 20_000 });
    expect(await linkOf(second)).toMatchObject({ phase: 'stopped', problem: { reason: 'lease-held' } });
    expect(await linkOf(first)).toMatchObject({ phase: 'live' });
    await door.click();
    const dialog = second.page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: /^Take over/ }).click();
    await localIsLive(second.page);
    await waitForState(second.page, 'stays', 'TASK_RUNNING');
    await expect(first.page.getByRole('button', { name: 'Take over' }).first()).toBeVisible();
    expect(await linkOf(first)).toMatchObject({
      phase: 'stopped',
      problem: { reason: 'lease-lost' },
      nextTryAtMs: null,
    });
    expect(await localName(second.page)).toBe(machine);
  } finally {
    await second.crash();
    profile.remove();
  }
});

async function linkOf(app: AppUnderTest) {
  const { rows } = await snapshotOf(app.page);
  const id = rows.machines.find((machine) => machine.via.kind === 'local')?.id;
  return rows.links.find((link) => link.id === id);
}
