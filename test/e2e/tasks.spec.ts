// Tasks that go wrong or overdo it: each gets a clear word, and the window stays quick.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type AppUnderTest, resetMetrics, tellBlocking } from './app.ts';
import { expect, test } from './fixtures.ts';
import {
  ask,
  localIsLive,
  openTask,
  runByDialog,
  runDirectly,
  snapshotOf,
  taskNamed,
  waitForState,
} from './steps.ts';

const stdout = (app: AppUnderTest) => app.page.getByRole('log', { name: 'Log stdout' });

async function runProgram(
  app: AppUnderTest,
  name: string,
  argv: readonly string[],
  workingFolder: string | null = null,
) {
  const { rows } = await snapshotOf(app.page);
  const machineId = rows.machines.find((machine) => machine.via.kind === 'local')?.id;
  if (!machineId) throw new Error('no local machine');
  const [value = ''] = argv;
  const command = { shell: false, value, arguments: [...argv], environment: [], workingFolder, user: null };
  const size = { cpusMilli: 100, memMib: 64, diskMib: 0, gpus: 0, killGraceMs: 1000 };
  await ask(app.page, 'task:run', { machineId, name, command, ...size });
}

test.describe('a task on this computer', () => {
  let app: AppUnderTest;
  let machine: string;
  test.beforeEach(async ({ start }) => {
    app = await start();
    machine = await localIsLive(app.page);
  });

  test('whose program does not exist fails with the name of the program', async () => {
    await runProgram(app, 'nope', ['/bin/nope']);
    const task = await waitForState(app.page, 'nope', 'TASK_FAILED');
    expect(task.statuses.at(-1)?.message).toBe('cannot start: /bin/nope: no such file or directory');
    await openTask(app.page, 'nope');
    await expect(
      app.page.getByText('cannot start: /bin/nope: no such file or directory').first(),
    ).toBeVisible();
  });

  test('whose shell line names no command ends with the word of the shell and its code', async () => {
    await runByDialog(app.page, machine, { name: 'typo', line: 'ecko hello' });
    const task = await waitForState(app.page, 'typo', 'TASK_FAILED');
    expect(task.statuses.at(-1)).toMatchObject({ exitCode: 127, message: 'exited with code 127' });
    await app.page.getByRole('region', { name: 'Log' }).getByText('stderr').click();
    await expect(app.page.getByRole('log', { name: 'Log stderr' })).toContainText('not found');
  });

  test('whose folder is missing fails with the name of the folder', async () => {
    await runProgram(app, 'homeless', ['/bin/true'], '/no/such/folder');
    const task = await waitForState(app.page, 'homeless', 'TASK_FAILED');
    expect(task.statuses.at(-1)?.message).toBe('cannot start: folder /no/such/folder does not exist');
  });

  test('that prints 100 MB: the window follows, the whole log can be saved, nothing blocks', async () => {
    test.setTimeout(240_000);
    await resetMetrics(app.profile);
    const line = "head -c 104857600 /dev/zero | tr '\\0' x | fold -w 127; echo the very end";
    await runDirectly(app.page, machine, { name: 'flood', line, life: { labels: [], logMib: 256 } });
    await openTask(app.page, 'flood');
    await waitForState(app.page, 'flood', 'TASK_FINISHED');
    await expect(stdout(app)).toContainText('the very end', { timeout: 60_000 });
    const file = path.join(app.profile.folder, 'saved.log');
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, file);
    await app.page.getByRole('button', { name: 'Save log' }).click();
    await expect(app.page.getByText(/^Saved /)).toBeVisible({ timeout: 60_000 });
    const task = await taskNamed(app.page, 'flood');
    const original = path.join(app.profile.dataFolder, 'agent', 'tasks', task?.id ?? '', 'stdout');
    expect(Buffer.compare(readFileSync(file), readFileSync(original))).toBe(0);
    expect(readFileSync(file).length).toBeGreaterThan(104_857_600);
    const blocking = await tellBlocking(app.profile, '100 MB of log');
    expect(blocking.ownP99Ms).toBeLessThanOrEqual(50);
    expect(blocking.rssMib).toBeLessThan(500);
  });

  test('that prints binary and escape codes is shown as text and changes nothing', async () => {
    const before = await app.page.title();
    const octal = String.raw`printf '\000\001\377\376bin\033]0;owned\007\033[31mred\033[0m\033]52;c;b3duZWQ=\007<img src=x onerror=alert(1)>\n'; echo after`;
    await runByDialog(app.page, machine, { name: 'binary', line: octal });
    await waitForState(app.page, 'binary', 'TASK_FINISHED');
    await expect(stdout(app)).toContainText('after');
    await expect(stdout(app)).toContainText('<img src=x onerror=alert(1)>');
    await expect(stdout(app)).toContainText('red');
    expect(await stdout(app).locator('img').count()).toBe(0);
    expect(await app.page.title()).toBe(before);
    const clipboard = await app.electron.evaluate(({ clipboard: board }) => board.readText());
    expect(clipboard).not.toContain('owned');
  });

  test('that ignores TERM is killed after its grace, with all its children', async () => {
    const line = "trap '' TERM; (trap '' TERM; sleep 3000) & echo up; while :; do sleep 1; done";
    await runByDialog(app.page, machine, { name: 'stubborn', line, graceS: 2 });
    await expect(stdout(app)).toContainText('up');
    const startMs = performance.now();
    await app.page.getByRole('button', { name: 'Kill', exact: true }).click();
    const dialog = app.page.getByRole('alertdialog').or(app.page.getByRole('dialog'));
    await dialog.getByRole('button', { name: /^Kill/ }).click();
    const task = await waitForState(app.page, 'stubborn', 'TASK_KILLED');
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(1900);
    expect(tookMs).toBeLessThan(10_000);
    expect(task.statuses.at(-1)).toMatchObject({ signal: 9 });
  });
});
