// End-to-end tests drive the real Electron window, one at a time. They run on the desk of the virtual LAN (in-lan.ts);
// `npm test -- e2e` does all of that.
import { defineConfig } from '@playwright/test';

// biome-ignore lint/style/noDefaultExport: Playwright asks for a default export
export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: '../../test-results/e2e',
  workers: 1,
  retries: 0,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
});
