// The test projects: `npx vitest run --project unit`. Everything they need is set up by build/lib/ensure.mjs first, so
// a bare vitest run works as well as `npm test`.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { ensure } from './build/lib/ensure.mjs';

const ready = await ensure({ sqlite: true, quiet: true });

// biome-ignore lint/style/noDefaultExport: vitest asks for a default export
/** Against a test that hangs, not a measure: the slowest needs 4 s alone, and a crowded machine has made that 17. */
const guardMs = 60_000;

export default defineConfig({
  test: {
    env: ready.env,
    // All of them: vitest leaves one for a person who works beside it.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**'],
          environment: 'node',
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: guardMs,
        },
      },
      {
        extends: true,
        plugins: [react()],
        test: {
          name: 'renderer',
          include: ['test/unit/renderer/**/*.test.{ts,tsx}'],
          environment: 'jsdom',
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: guardMs,
        },
      },
      {
        extends: true,
        test: { name: 'sim', include: ['test/sim/**/*.test.ts'], environment: 'node', testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: 'lan',
          include: ['test/lan/**/*.test.ts'],
          environment: 'node',
          // Real machines in small: one file after the other, or their timings measure each other.
          fileParallelism: false,
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'vm',
          include: ['test/vm/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          pool: 'forks',
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
