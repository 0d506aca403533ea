/** The agent for another CPU: it cannot be tried on this one, so an emulator runs its self-test. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { agentDir } from '../../build/lib/paths.mjs';
import { buildAgents, staleTargets, targetName } from '../../build/steps/agent.mjs';

const arm64 = { os: 'linux', arch: 'arm64' } as const;

describe('the agent for arm64', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-arm64-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('passes its self-test under qemu-user', async () => {
    const stale = staleTargets([arm64]);
    if (stale.length > 0) await buildAgents(stale);
    const file = path.join(agentDir, targetName(arm64), 'mesolite-agent');
    const output = execFileSync('qemu-aarch64-static', [file, 'selftest', '--dir', folder], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    const report = JSON.parse(output) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect(report).toMatchObject({ ok: true });
    expect(report.checks.map((check) => check.name)).toEqual(expect.arrayContaining(['sync', 'fifo', 'run']));
    const version = execFileSync('qemu-aarch64-static', [file, 'version'], { encoding: 'utf8' });
    expect(version).toMatch(/\d+\.\d+\.\d+/);
  }, 240_000);
});
