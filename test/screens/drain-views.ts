// Machines out of service: paused, draining, drained, in maintenance, gone; and the dialogs that ask for it.
import type { Page } from '@playwright/test';
import type { Availability } from '../../electron/contract/machine.ts';
import type { ScreenView } from './views.ts';

const minute = 60_000;
type Wish = {
  readonly availability?: Availability;
  readonly isGone?: boolean;
  readonly maintenance?: {
    readonly startsInMs: number;
    readonly durationMs: number | null;
    readonly note: string;
  };
};

async function set(page: Page, name: string, wish: Wish): Promise<void> {
  await page.evaluate(
    ([wanted, to]) => {
      const { tables } = window.fakeCluster;
      if (to.availability) tables.change('agents', `a-${wanted}`, { availability: to.availability });
      if (to.isGone) tables.change('agents', `a-${wanted}`, { state: { kind: 'gone', sinceMs: Date.now() } });
      if (to.maintenance) {
        const { startsInMs, durationMs, note } = to.maintenance;
        const startMs = Date.now() + startsInMs;
        const maintenance = { startMs, durationMs, note, hasBegun: startsInMs < 0 };
        tables.change('machines', `m-${wanted}`, { maintenance });
      }
      window.fakeCluster.flush();
    },
    [name, wish] as const,
  );
}

const sinceMs = 1_790_000_000_000;
const draining = {
  kind: 'draining',
  sinceMs,
  graceMs: null,
  markGone: false,
  cause: 'person',
  tasks: 5,
} as const;

async function setAll(page: Page): Promise<void> {
  await set(page, 'gpu-2', { availability: draining });
  await set(page, 'pi-4', { availability: { kind: 'deactivated', sinceMs } });
  await page.evaluate(() => {
    const { tables } = window.fakeCluster;
    for (const task of tables.all('tasks')) if (task.machineId === 'm-build-1') tables.drop('tasks', task.id);
  });
  await set(page, 'build-1', {
    availability: { kind: 'drained', sinceMs: Date.now() - minute, cause: 'person' },
  });
  const note = 'New disk; Bo comes at ten.';
  await set(page, 'this-computer', {
    maintenance: { startsInMs: 130 * minute, durationMs: 120 * minute, note },
  });
}

const inspect = (name: string) => async (page: Page) => {
  await setAll(page);
  await page.getByRole('row', { name, exact: true }).click();
};

async function openMenu(page: Page, name: string): Promise<void> {
  const row = page.getByRole('row', { name, exact: true });
  await row.hover();
  await row.locator('.rack-grid__menu button').click();
  await page.getByRole('menu').waitFor();
}

const openDialog = (name: string, kind: 'drain' | 'plan') => async (page: Page) => {
  await openMenu(page, name);
  await page
    .getByRole('menuitem')
    .nth(kind === 'drain' ? 6 : 7)
    .click();
  await page.locator('.dialog').waitFor();
};

export const drainViews: readonly ScreenView[] = [
  { name: 'drain-rack', scene: 'calm', steps: setAll },
  { name: 'drain-machines', scene: 'calm', hash: '#/machines', steps: setAll },
  { name: 'drain-draining', scene: 'calm', steps: inspect('gpu-2') },
  { name: 'drain-paused', scene: 'calm', steps: inspect('pi-4') },
  { name: 'drain-drained', scene: 'calm', steps: inspect('build-1') },
  { name: 'drain-maintenance', scene: 'calm', steps: inspect('this-computer') },
  {
    name: 'drain-gone',
    scene: 'calm',
    steps: async (page) => {
      await set(page, 'nas', { isGone: true });
      await page.getByRole('row', { name: 'nas', exact: true }).click();
    },
  },
  { name: 'drain-menu', scene: 'calm', steps: async (page) => openMenu(page, 'gpu-2') },
  { name: 'drain-dialog', scene: 'calm', steps: openDialog('gpu-2', 'drain') },
  {
    name: 'drain-dialog-gone',
    scene: 'calm',
    steps: async (page) => {
      await openDialog('gpu-2', 'drain')(page);
      await page.locator('.dialog .run-more__head').click();
      await page.locator('.dialog .drain-gone input[type=checkbox]').check();
      await page.locator('.dialog input[type=radio]').nth(1).check();
    },
  },
  { name: 'drain-dialog-plan', scene: 'calm', steps: openDialog('gpu-2', 'plan') },
];
