/** Adding a machine with a password, from the click to the first sample: five times, each on a host that is new. */
import type { Credentials } from '../../electron/contract/channels.ts';
import { Driver } from '../lan/adapters-driver.ts';
import { builtAgentFolder } from '../lan/built-agent.ts';
import { plainHosts } from '../lan/spec.ts';
import { createLan, type Lan } from '../lan/vlan.ts';
import type { BenchReport } from './report.ts';
import { median, rounded } from './statistics.ts';

const rounds = 5;
const credentials: Credentials = { kind: 'password', password: 'lab', plantKey: true };

export async function benchAdd(say: (line: string) => void): Promise<BenchReport> {
  const agents = await builtAgentFolder();
  const lan = await createLan({ hosts: plainHosts(rounds) });
  try {
    return await measure(lan, agents, say);
  } finally {
    await lan.destroy();
  }
}

async function measure(lan: Lan, agents: string, say: (line: string) => void): Promise<BenchReport> {
  const driver = await Driver.start(lan, agents);
  const totals: number[] = [];
  const steps = new Map<string, number[]>();
  const note = (step: string, ms: number) => steps.set(step, [...(steps.get(step) ?? []), ms]);
  try {
    for (const { name } of lan.hosts) {
      const startedMs = performance.now();
      const outcome = await driver.add({ address: name, user: 'lab', credentials });
      if (outcome.machine === null) throw new Error(`${name}: ${JSON.stringify(outcome.refusal)}`);
      for (const { step, tookMs } of outcome.steps) note(step, tookMs);
      const linkFromMs = performance.now();
      const link = await driver.link(outcome.machine);
      if (link.kind === 'link-down') throw new Error(`${name}: ${JSON.stringify(link.refusal)}`);
      await driver.find('sample-received', (event) => event.machineId === outcome.machineId);
      note('first-sample', performance.now() - linkFromMs);
      totals.push(performance.now() - startedMs);
      say(`${name}: ${rounded(totals.at(-1) ?? 0)} ms`);
    }
  } finally {
    await driver.stop();
  }
  const perStep = Object.fromEntries(
    [...steps].map(([step, values]) => [`${camel(step)}Ms`, rounded(median(values), 1)]),
  );
  return { medianMs: rounded(median(totals)), worstMs: rounded(Math.max(...totals)), ...perStep };
}

function camel(step: string): string {
  return step.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
