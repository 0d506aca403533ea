/** Go's tests and benchmarks of the real agent, and the figures that they print. */
import { inRoot } from '../../build/lib/paths.mjs';
import { run } from '../../build/lib/run.mjs';
import { ensureGo, goEnv } from '../../build/steps/agent.mjs';
import { median } from './statistics.ts';

export async function goTest(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const go = await ensureGo();
  const result = await run(go, ['test', './internal/e2e', '-v', '-timeout', '20m', ...args], {
    cwd: inRoot('native', 'agent'),
    env: { ...process.env, ...goEnv(), ...env },
    timeoutMs: 20 * 60_000,
  });
  if (result.code !== 0) throw new Error(result.output.slice(-3000));
  return result.output;
}

/** A figure of Go's benchmarks, the number before its unit: the median of all rounds. */
export function figure(text: string, unit: string): number {
  const found = [...text.matchAll(new RegExp(`(-?[\\d.]+) ${unit}(?:\\s|$)`, 'g'))].map(([, value]) =>
    Number(value),
  );
  if (found.length === 0) throw new Error(`no ${unit} in ${text}`);
  return median(found);
}
