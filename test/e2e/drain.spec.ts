// A machine is taken out of service and back in the real window: paused, drained with tasks on it, resumed; and a maintenance.
import { expect, test } from './fixtures.ts';
import { ask, machineRow, runDirectly, snapshotOf, waitForState, waitUntilLive } from './steps.ts';

test('a machine is drained: its tasks end with their grace, it says when it is safe, and works again afterwards', async ({
  start,
}) => {
  const { page } = await start({}, ['--demo']);
  for (const name of ['demo-oak', 'demo-yew']) await waitUntilLive(page, name);
  const row = machineRow(page, 'demo-oak');
  const choose = async (verb: string) => {
    await row.hover();
    await row.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: verb }).click();
  };
  await runDirectly(page, 'demo-oak', { name: 'soft', line: 'sleep 600' });
  // Ends by itself within its grace, so that one is seen to end before the other.
  const slow = "trap 'sleep 4; exit 0' TERM; while :; do sleep 0.1; done";
  await runDirectly(page, 'demo-oak', { name: 'slow', line: slow, graceMs: 60_000 });
  for (const name of ['soft', 'slow']) await waitForState(page, name, 'TASK_RUNNING');

  await test.step('paused, its tasks run on and nothing may be sent there', async () => {
    await choose('Pause new work');
    await expect(row.getByRole('img', { name: 'paused' })).toBeVisible();
    const refused = await runDirectly(page, 'demo-oak', { name: 'late', line: 'true' }).catch(String);
    expect(refused).toContain('agent-deactivated');
    await choose('Resume');
    await waitUntilLive(page, 'demo-oak');
    await waitForState(page, 'soft', 'TASK_RUNNING');
  });

  await test.step('the dialog names what ends, and the row shows how far it is', async () => {
    await choose('Drain…');
    const dialog = page.getByRole('alertdialog', { name: 'Drain demo-oak' });
    await expect(dialog.getByRole('region', { name: 'These 2 tasks end' })).toContainText(
      'TERM, after 1 min KILL',
    );
    await dialog.getByRole('button', { name: 'Drain machine' }).click();
    await expect(dialog).toBeHidden();
    await expect(row).toContainText('1 of 2 tasks ended');
    await expect(row).toContainText('drained, safe to switch off', { timeout: 20_000 });
    await waitForState(page, 'soft', 'TASK_KILLED');
    const { rows } = await snapshotOf(page);
    const [drain] = rows.operations.filter((operation) => operation.verb === 'drain-agent');
    expect(drain).toMatchObject({ stage: 'seen', refusal: null, subject: 'demo-oak' });
  });

  await test.step('it is resumed in the inspector, and a task runs there', async () => {
    await row.click();
    const notice = page.getByRole('region', { name: 'Drained: safe to switch off' });
    await notice.getByRole('button', { name: 'Resume' }).click();
    await waitUntilLive(page, 'demo-oak');
    await runDirectly(page, 'demo-oak', { name: 'again', line: 'true' });
    await waitForState(page, 'again', 'TASK_FINISHED');
  });
});

test('a maintenance takes the machine away at its start and gives it back at its end', async ({ start }) => {
  const { page } = await start({}, ['--demo']);
  await waitUntilLive(page, 'demo-yew');
  const row = machineRow(page, 'demo-yew');
  const { rows } = await snapshotOf(page);
  const machineId = rows.machines.find((machine) => machine.name === 'demo-yew')?.id;
  if (machineId === undefined) throw new Error('no demo-yew');
  await row.hover();
  await row.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Plan maintenance…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Plan maintenance of demo-yew' });
  await dialog.getByLabel('Lasts').fill('1 h');
  await dialog.getByLabel('Note').fill('new disk');
  await dialog.getByRole('button', { name: 'Plan maintenance' }).click();
  await expect(row).toContainText('maintenance in');
  // A minute is the shortest: this one began before now and is over soon.
  const startMs = Date.now() - 52_000;
  await ask(page, 'machine:plan-maintenance', {
    machineId,
    window: { startMs, durationMs: 60_000, note: '' },
  });
  await expect(row).toContainText('drained, safe to switch off');
  await waitUntilLive(page, 'demo-yew');
  await expect(row).not.toContainText('maintenance in');
});
