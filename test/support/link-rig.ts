// The links adapter over a fake agent, with everything it posts.
import type { AgentChannel } from '../../electron/adapters/agentlink/link.ts';
import { AgentLinks, type LinkEffect } from '../../electron/adapters/agentlink/links.ts';
import { type ArtifactSource, noArtifacts } from '../../electron/adapters/agentlink/provide.ts';
import type { Refusal, Result } from '../../electron/contract/errors.ts';
import type { MachineId, MasterId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Effect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import { FakeAgent } from './fake-wire-agent.ts';
import { until } from './wait.ts';

export const machineId = 'm-1' as MachineId;
export const machine: MachineRecord = {
  id: machineId,
  name: 'one',
  via: { kind: 'local' },
  agentId: null,
  note: '',
  addedAtMs: 0,
  removal: null,
};

export type LinkRig = {
  readonly agent: FakeAgent;
  readonly links: AgentLinks;
  readonly posted: Posted[];
  run(effect: Effect): void;
  of<K extends Posted['kind']>(kind: K): Extract<Posted, { kind: K }>[];
  seen(kind: Posted['kind'], count?: number): Promise<unknown>;
};

const open: AgentLinks[] = [];

/** After each test. */
export function closeLinks(): void {
  for (const links of open.splice(0)) links.closeAll();
}

export function aLinkRig(
  options: {
    agent?: FakeAgent;
    dial?: () => Promise<Result<AgentChannel>>;
    why?: Refusal;
    masterId?: string;
    artifacts?: ArtifactSource;
  } = {},
): LinkRig {
  const agent = options.agent ?? new FakeAgent();
  const posted: Posted[] = [];
  const channel = (): AgentChannel => {
    const stream = agent.connect({ preamble: true, noise: 'Welcome!\n' });
    return { stream, hasPreamble: true, close: () => stream.destroy(), whyEnded: () => options.why ?? null };
  };
  const links = new AgentLinks({
    dial: options.dial ?? (() => Promise.resolve({ ok: true, value: channel() })),
    master: { masterId: (options.masterId ?? 'master-1') as MasterId, epoch: 3 },
    appVersion: 'test',
    clock: { nowMs: () => Date.now(), monoMs: () => performance.now() },
    artifacts: options.artifacts ?? noArtifacts,
    log: () => {},
  });
  open.push(links);
  const of = <K extends Posted['kind']>(kind: K) =>
    posted.filter((event): event is Extract<Posted, { kind: K }> => event.kind === kind);
  return {
    agent,
    links,
    posted,
    of,
    run: (effect) => links.run({ ...effect, effectId: 'e-1' } as LinkEffect, (event) => posted.push(event)),
    seen: (kind, count = 1) =>
      until(() => of(kind).length >= count, { what: `${kind} is posted`, everyMs: 1 }),
  };
}
