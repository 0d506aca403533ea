// Why a run waits, and where a task would go: the allocator's own rules asked machine by machine, with what the machine could
// not do for the task. A question only: it reads the tables as they are and changes nothing of the state.

import type { Refusal } from '../../../contract/errors.ts';
import type { FrameworkRecord, SubscriptionRecord } from '../../../contract/framework.ts';
import type { AgentRecord, LinkRecord, MachineRecord } from '../../../contract/machine.ts';
import { defaultRole } from '../../../contract/role.ts';
import type { RunRecord } from '../../../contract/run.ts';
import type { Tables } from '../../../contract/tables.ts';
import {
  type MachineStop,
  maxStops,
  type Shortage,
  type StopCode,
  type StopGroup,
  stopCodes,
  stopResources,
  type Why,
} from '../../../contract/waiting.ts';
import type { AgentVerdict, Allocator, WaitReason } from '../../allocator/types.ts';
import { runFramework, unitOf } from '../../frameworks/run/scheduler.ts';
import { RowMap } from '../../kernel/rows.ts';
import type { State } from '../state.ts';
import { refuseTask } from '../task-rules.ts';
import { modeOf } from './agent-words.ts';
import type { Seen } from './index-cell.ts';
import { unitDemand, withIndex } from './index-sync.ts';
import { runFrameworkId } from './words.ts';

/** A run that waits, or one that nobody has asked for yet. */
export type Asked = Pick<RunRecord, 'info' | 'place' | 'machineId' | 'where'>;

type WhyOptions = { readonly nowMonoMs: number; readonly isEach: boolean };

/** In the order of `asked`. Runs that want the same are one question. */
export function whyWaiting(state: State, asked: readonly Asked[], options: WhyOptions): readonly Why[] {
  if (asked.length === 0) return [];
  const { tables, session } = state;
  const seen = { tables: withRunFramework(tables), filters: session.filters };
  return withIndex(session.cell, seen, (allocator) => {
    const known = new Map<string, Why>();
    return asked.map((one) => {
      const { taskId: _id, name: _name, labels: _labels, command, ...wanted } = one.info;
      const key = JSON.stringify([wanted, command.user, one.place, one.where]);
      const why = known.get(key) ?? whyOf({ tables, allocator, nowMonoMs: options.nowMonoMs }, one, options);
      known.set(key, why);
      return why;
    });
  });
}

/** The first run of a cluster makes its framework known; before that the question is put as if it were. */
function withRunFramework(tables: Tables): Seen['tables'] {
  if (tables.subscriptions.get(runFrameworkId)?.phase === 'subscribed') return tables;
  const framework: FrameworkRecord = {
    id: runFrameworkId,
    kind: 'built-in',
    info: runFramework,
    suppressedRoles: [],
    registeredAtMs: 0,
    completedAtMs: null,
  };
  const subscription: SubscriptionRecord = {
    id: runFrameworkId,
    phase: 'subscribed',
    sinceMs: 0,
    streamId: 'built-in',
    failoverAtMonoMs: null,
    demand: [],
  };
  return {
    ...tables,
    frameworks: RowMap.of([...tables.frameworks.values(), framework]),
    subscriptions: RowMap.of([...tables.subscriptions.values(), subscription]),
  };
}

type Scene = { readonly tables: Tables; readonly allocator: Allocator; readonly nowMonoMs: number };

function whyOf(scene: Scene, asked: Asked, { isEach }: WhyOptions): Why {
  const { tables, allocator, nowMonoMs } = scene;
  const { verdicts } = allocator.explain({
    frameworkId: runFrameworkId,
    role: defaultRole,
    wanted: unitDemand(unitOf(asked)),
    agentId: asked.place?.agentId ?? null,
    nowMonoMs,
  });
  const byAgent = new Map<string, AgentVerdict>();
  for (const verdict of verdicts) byAgent.set(verdict.agentId, verdict);
  const stops: MachineStop[] = [];
  for (const machine of machinesFor(tables, asked)) stops.push(stopOn(tables, machine, { asked, byAgent }));
  const groups = groupsOf(stops);
  return {
    groups: groups.map(({ code, resource, refusal, count, best }) => ({
      code,
      resource,
      refusal,
      count,
      best,
    })),
    machines: isEach ? nearestFirst(groups) : [],
    machineCount: stops.length,
  };
}

function machinesFor({ machines }: Tables, { machineId }: Asked): Iterable<MachineRecord> {
  if (machineId === null) return machines.values();
  const machine = machines.get(machineId);
  return machine ? [machine] : [];
}

function nearestFirst(groups: readonly Gathered[]): readonly MachineStop[] {
  const all: MachineStop[] = [];
  for (const { stops } of groups) {
    // Nobody sees what is beyond, so nobody sorts it.
    if (all.length >= maxStops) break;
    all.push(...stops.toSorted((a, b) => nearness(b) - nearness(a)).slice(0, maxStops - all.length));
  }
  return all;
}

type Verdicts = { readonly asked: Asked; readonly byAgent: ReadonlyMap<string, AgentVerdict> };

/** Never, whatever becomes free: what is told before anything that may pass. */
const lasting: ReadonlySet<StopCode> = new Set(['condition', 'too-small', 'gpu-machine', 'other-machine']);

function stopOn(tables: Tables, machine: MachineRecord, { asked, byAgent }: Verdicts): MachineStop {
  const agent = machine.agentId === null ? undefined : tables.agents.get(machine.agentId);
  const verdict = agent && byAgent.get(agent.id);
  if (!verdict || verdict.reason === 'agent-not-active' || agent.state.kind === 'gone') {
    // Too small it will be also when it takes work again.
    const small = agent && tooSmall(asked, agent);
    if (small) return stopAt(machine, 'too-small', small);
    return stopAt(machine, awayCode({ agent, machine, link: tables.links.get(machine.id) }));
  }
  const code = codes[verdict.reason] ?? 'other';
  const refusal = lasting.has(code) ? null : refuseTask(asked.info, agent);
  // What is wrong wherever it runs stands at its field, and is no reason of this machine.
  if (refusal && refusal.code !== 'invalid') return stopAt(machine, 'unable', null, refusal);
  return stopAt(machine, code, shortageOf(verdict, agent));
}

function stopAt(
  { id: machineId }: MachineRecord,
  code: StopCode,
  shortage: Shortage | null = null,
  refusal: Refusal | null = null,
): MachineStop {
  return { machineId, code, shortage, refusal };
}

type Known = {
  readonly agent: AgentRecord | undefined;
  readonly machine: MachineRecord;
  readonly link: LinkRecord | undefined;
};

function awayCode({ agent, machine, link }: Known): StopCode {
  if (machine.removal !== null) return 'removing';
  if (!agent || agent.state.kind === 'gone') return agent ? 'unreachable' : 'connecting';
  const mode = modeOf({ agent, machine, link });
  if (mode === 'draining' || mode === 'deactivated') return mode;
  // Its agent came back smaller than what is set aside on it, so nothing of it is offered.
  if (mode === 'active') return 'reserved';
  if (agent.state.kind !== 'active') return 'unreachable';
  if (link?.phase === 'silent') return 'silent';
  return link?.phase === 'live' || link?.phase === 'connecting' ? 'connecting' : 'unreachable';
}

const codes: Readonly<Partial<Record<WaitReason, StopCode>>> = {
  fits: 'fits',
  'other-agent-wanted': 'other-machine',
  'gpu-agent': 'gpu-machine',
  constraints: 'condition',
  'agent-too-small': 'too-small',
  'quota-limit': 'quota-limit',
  'reserved-for-others': 'reserved',
  'resources-in-use': 'busy',
  'quota-headroom': 'quota-headroom',
  'ports-in-use': 'ports-busy',
  'refused-before': 'refused-before',
};

function tooSmall({ info }: Asked, { resources }: AgentRecord): Shortage | null {
  const resource = stopResources.find((name) => info.resources[name] > resources[name]);
  if (resource === undefined) return null;
  const total = resources[resource];
  return { resource, wanted: info.resources[resource], free: total, total };
}

function shortageOf({ shortage, reason }: AgentVerdict, { resources }: AgentRecord): Shortage | null {
  const resource = stopResources.find((name) => name === shortage?.resource);
  if (!shortage || resource === undefined) return null;
  const { wanted, there: free } = shortage;
  return { resource, wanted, free, total: reason === 'quota-limit' ? free : resources[resource] };
}

type Gathered = StopGroup & { readonly stops: readonly MachineStop[] };

function groupsOf(stops: readonly MachineStop[]): readonly Gathered[] {
  const byKey = new Map<string, MachineStop[]>();
  for (const stop of stops) {
    const { code, shortage, refusal } = stop;
    const isBare = shortage === null && refusal === null;
    const key = isBare ? code : `${code}|${shortage?.resource ?? ''}|${refusal?.reason ?? ''}`;
    const group = byKey.get(key);
    if (group) group.push(stop);
    else byKey.set(key, [stop]);
  }
  const groups: Gathered[] = [];
  for (const group of byKey.values()) {
    const best = nearest(group);
    const { code, refusal } = best;
    const resource = best.shortage?.resource ?? null;
    groups.push({ code, resource, refusal, count: group.length, best, stops: group });
  }
  return groups.sort((a, b) => order(a.code) - order(b.code) || b.count - a.count);
}

function nearest(group: readonly MachineStop[]): MachineStop {
  return group.reduce((best, each) => (nearness(each) > nearness(best) ? each : best));
}

/** How much of what is needed is there: the machine where least is missing comes first. */
function nearness({ code, shortage }: MachineStop): number {
  if (!shortage) return 0;
  return code === 'too-small' ? shortage.total : shortage.free;
}

/** What passes by itself before what a person could change, and that before what never will. */
const helpful: readonly StopCode[] = [
  'fits',
  'busy',
  'ports-busy',
  'refused-before',
  'quota-headroom',
  'quota-limit',
  'reserved',
  'draining',
  'deactivated',
  'connecting',
  'silent',
  'unreachable',
  'too-small',
  'unable',
  'condition',
];

function order(code: StopCode): number {
  const at = helpful.indexOf(code);
  return at < 0 ? helpful.length + stopCodes.indexOf(code) : at;
}
