/**
 * The agent's own tests that need the controllers of cgroup v2 (build tag `vm`, names TestV2_...), run in a guest: this
 * kernel may only have those of v1.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inRoot } from '../../build/lib/paths.mjs';
import { ensureGo, goEnv } from '../../build/steps/agent.mjs';
import { builtAgent } from '../lan/built-agent.ts';
import { bootGuest, type Guest, makeDisk } from './guest.ts';
import { fetchKernel, packRoot } from './kernel.ts';

const limitMs = 300_000;

describe('cgroup v2 in a guest', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-vm-'));
  let guest: Guest;

  beforeAll(async () => {
    const tests = path.join(folder, 'e2e.test');
    const go = await ensureGo();
    execFileSync(go, ['test', '-c', '-tags', 'vm', '-o', tests, './internal/e2e'], {
      cwd: inRoot('native', 'agent'),
      env: { ...goEnv(), CGO_ENABLED: '0' },
    });
    const root = path.join(folder, 'root.gz');
    const disk = path.join(folder, 'disk');
    const kernel = fetchKernel();
    packRoot(kernel, [await builtAgent(), tests], root);
    makeDisk(disk, 1024);
    guest = await bootGuest({ kernel, root, disk });
  }, limitMs);
  afterAll(async () => {
    await guest?.cut();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    "limits, kills and delegation are what the agent's tests say",
    async () => {
      const controllers = await guest.sh('cat /sys/fs/cgroup/cgroup.controllers');
      expect(controllers.output).toMatch(/cpu .*memory .*pids/);
      const run = await guest.sh(
        'mkdir -p /data/tmp && cd /data && MESOLITE_AGENT=/bin/mesolite-agent TMPDIR=/data/tmp e2e.test -test.v -test.run V2',
        limitMs,
      );
      const passed = run.output.match(/^--- PASS: TestV2_\w+/gm) ?? [];
      expect(run.output).not.toMatch(/^--- (FAIL|SKIP)/m);
      expect(run.code, run.output.slice(-4000)).toBe(0);
      expect(passed.length, run.output.slice(-4000)).toBeGreaterThan(0);
    },
    limitMs,
  );
});
