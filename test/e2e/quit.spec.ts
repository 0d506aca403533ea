// Leaving with and without tasks on this computer: ask, keep, stop; and what is still there afterwards.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '../support/wait.ts';
import { type AppUnderTest, pidsOf } from './app.ts';
import { expect, test } from './fixtures.ts';
import { ask, localIsLive, runDirectly, taskNamed, waitForState } from './steps.ts';

const line = 'n=0; while [ $n -lt 600 ]; do echo tick $n; n=$((n+1)); sleep 0.2; done';

async function startTicking(app: AppUnderTest): Promise<void> {
  const machine = await localIsLive(app.page);
  await runDirectly(app.page, machine, { name: 'ticking', line });
  await waitForState(app.page, 'ticking', 'TASK_RUNNING');
}

async function ticksOf(app: AppUnderTest): Promise<number> {
  const task = await taskNamed(app.page, 'ticking');
  const folder = path.join(app.profile.dataFolder, 'agent', 'tasks', task?.id ?? '');
  return readFileSync(path.join(folder, 'stdout'), 'utf8').trim().split('\n').length;
}

const askToQuit = (app: AppUnderTest): Promise<void> => app.electron.evaluate(({ app: main }) => main.quit());

test('an idle agent of this computer ends with the app', async ({ start, profile }) => {
  const app = await start();
  await localIsLive(app.page);
  expect(pidsOf(profile.folder).length).toBeGreaterThan(0);
  await app.quit();
  await until(() => pidsOf(profile.folder).length === 0, { what: 'no process of the profile is left' });
});

test('with tasks it asks: stay, then keep; the next start finds the task running with its whole log', async ({
  start,
}) => {
  const app = await start();
  await startTicking(app);
  await askToQuit(app);
  const dialog = app.page.getByRole('alertdialog').or(app.page.getByRole('dialog'));
  await expect(dialog).toContainText('This computer still runs 1 task');
  await dialog.getByRole('button', { name: 'Stay' }).filter({ hasText: 'Stay' }).click();
  await expect(dialog).toBeHidden();
  expect(app.hasEnded()).toBe(false);
  await askToQuit(app);
  await dialog.getByRole('button', { name: 'Keep running and quit' }).click();
  await until(() => app.hasEnded(), { what: 'the app has ended' });
  const second = await start();
  await localIsLive(second.page);
  const task = await waitForState(second.page, 'ticking', 'TASK_RUNNING');
  const before = await ticksOf(second);
  await until(async () => (await ticksOf(second)) > before + 2, { what: 'it goes on ticking' });
  await ask(second.page, 'task:kill', { taskId: task.id });
  await waitForState(second.page, 'ticking', 'TASK_KILLED');
});

test('with tasks it asks: stop, and remembers it when told to', async ({ start, profile }) => {
  const app = await start();
  await startTicking(app);
  await askToQuit(app);
  const dialog = app.page.getByRole('alertdialog').or(app.page.getByRole('dialog'));
  await dialog.getByRole('checkbox', { name: /Remember this choice/ }).click();
  await dialog.getByRole('button', { name: 'Stop tasks and quit' }).click();
  await until(() => app.hasEnded(), { what: 'the app has ended', capMs: 30_000 });
  await until(() => pidsOf(profile.folder).length === 0, { what: 'agent and task are gone' });
  const second = await start();
  await localIsLive(second.page);
  await waitForState(second.page, 'ticking', 'TASK_KILLED');
  await runDirectly(second.page, await localIsLive(second.page), { name: 'ticking', line });
  await waitForState(second.page, 'ticking', 'TASK_RUNNING');
  await second.quit();
  await until(() => pidsOf(profile.folder).length === 0, { what: 'stopped without a question' });
});

test('the setting "keep" quits at once and leaves task and agent running', async ({ start, profile }) => {
  const app = await start();
  await startTicking(app);
  await ask(app.page, 'settings:set', { onQuit: 'keep' });
  await app.quit();
  expect(pidsOf(profile.folder).length).toBeGreaterThan(1);
});

test('a second start brings the first to the front and ends with a line', async ({ start, profile }) => {
  const app = await start();
  const executablePath = process.env.MESOLITE_ELECTRON ?? '';
  const { spawn } = await import('node:child_process');
  const env = { ...process.env, MESOLITE_DATA: profile.dataFolder, HOME: profile.home };
  const root = path.resolve(import.meta.dirname, '..', '..');
  const second = spawn(executablePath, ['--no-sandbox', '--disable-gpu', root], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  second.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  const code = await new Promise((resolve) => second.on('exit', resolve));
  expect(code).toBe(0);
  expect(text).toContain('already runs');
  expect(app.hasEnded()).toBe(false);
});
