// What every end-to-end test starts from: a profile, the app on it, the LAN, and nothing left behind.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { test as base, expect } from '@playwright/test';
import { attachLan, type Lan } from '../lan/vlan.ts';
import { type AppUnderTest, makeProfile, type Profile, startApp } from './app.ts';

export type Start = (
  env?: Readonly<Record<string, string>>,
  args?: readonly string[],
) => Promise<AppUnderTest>;

export const test = base.extend<{ profile: Profile; start: Start; lan: Lan }>({
  // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the fixtures wanted from this very pattern
  profile: async ({}, use) => {
    const profile = makeProfile();
    await use(profile);
    if (process.env.MESOLITE_KEEP_LOG)
      copyFileSync(path.join(profile.dataFolder, 'logs', 'main.log'), process.env.MESOLITE_KEEP_LOG);
    profile.remove();
  },
  start: async ({ profile }, use) => {
    const started: AppUnderTest[] = [];
    await use(async (env = {}, args = []) => {
      const app = await startApp({ profile, env, args });
      started.push(app);
      return app;
    });
    for (const app of started) if (!app.hasEnded()) await app.crash();
  },
  // oxlint-disable-next-line eslint/no-empty-pattern -- Playwright reads the fixtures wanted from this very pattern
  lan: async ({}, use) => {
    const prefix = process.env.MESOLITE_LAN;
    if (!prefix) throw new Error('MESOLITE_LAN is not set: run this by `npm test -- e2e`');
    await use(attachLan(prefix));
  },
});

export { expect };
