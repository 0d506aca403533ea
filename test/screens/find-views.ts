// Finding machines: what is heard, what a probe adds, what is ticked, and nothing at all.
import type { ScreenView } from './views.ts';

const hash = '#/find';

export const findViews: readonly ScreenView[] = [
  { name: 'find', hash, steps: async (page) => page.locator('.find-row').first().waitFor() },
  {
    name: 'find-inspector',
    hash,
    steps: async (page) => page.getByRole('row', { name: 'attic', exact: true }).click(),
  },
  {
    name: 'find-revoked',
    hash,
    steps: async (page) => page.getByRole('row', { name: '192.168.1.77', exact: true }).click(),
  },
  {
    name: 'find-probed',
    hash,
    steps: async (page) => {
      await page.locator('.find-probe button').last().click();
      await page.getByRole('row', { name: '192.168.1.90', exact: true }).waitFor();
      for (const name of ['attic', 'vault', 'gpu-3']) {
        await page.getByRole('row', { name, exact: true }).getByRole('checkbox').check();
      }
    },
  },
  { name: 'find-config', hash: '#/find/config' },
  {
    name: 'dialog-add-many',
    hash: '#/find',
    steps: async (page) => {
      for (const name of ['attic', 'vault', 'gpu-3']) {
        await page.getByRole('row', { name, exact: true }).getByRole('checkbox').check();
      }
      await page.locator('.find-chosen button').last().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'adding-many',
    scene: 'adding-many',
    hash: '#/adding',
    steps: async (page) => page.locator('.compare .check__box').first().check(),
  },
  {
    name: 'adding-many-lanes',
    scene: 'adding-many',
    hash: '#/adding',
    steps: async (page) =>
      page
        .locator('.lane')
        .last()
        .evaluate((lane) => lane.scrollIntoView({ block: 'end' })),
  },
  { name: 'adding-done', scene: 'adding-done', hash: '#/adding' },
  { name: 'adding-rack', scene: 'adding-many' },
  { name: 'find-empty', scene: 'empty', hash },
  {
    name: 'dialog-add-found',
    hash,
    steps: async (page) => {
      await page.getByRole('row', { name: 'attic', exact: true }).hover();
      await page.getByRole('row', { name: 'attic', exact: true }).getByRole('button').last().click();
      await page.getByRole('dialog').waitFor();
    },
  },
];
