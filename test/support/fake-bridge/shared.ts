// The scene `shared`: a cluster that several frameworks share by roles, with quota, slices, offers and filters.
import type { FrameworkInfo } from '../../../electron/contract/framework.ts';
import type { AgentId, FrameworkId, MachineId, OfferId } from '../../../electron/contract/ids.ts';
import { noResources, type Resources } from '../../../electron/contract/resources.ts';
import type { ResourcePart } from '../../../electron/contract/role.ts';
import type { FilterSession } from '../../../electron/core/master/frameworks/shapes.ts';
import { gib } from './machines.ts';
import { aTask } from './records.ts';
import type { FakeTables } from './tables.ts';

const minute = 60_000;

type Plan = {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly kind?: 'built-in';
  readonly awayForMs?: number;
  readonly suppressed?: readonly string[];
  readonly agoMs: number;
};
const plans: readonly Plan[] = [
  { id: 'f-run', name: 'run', roles: ['*'], kind: 'built-in', agoMs: 9 * 1440 * minute },
  { id: 'f-spark', name: 'spark', roles: ['research/vision', 'research/speech'], agoMs: 190 * minute },
  { id: 'f-marathon', name: 'marathon', roles: ['web'], agoMs: 4320 * minute },
  { id: 'f-jenkins', name: 'jenkins', roles: ['build'], suppressed: ['build'], agoMs: 800 * minute },
  { id: 'f-notebooks', name: 'notebooks', roles: ['research'], awayForMs: 71_000, agoMs: 60 * minute },
];

function infoOf({ name, roles }: Plan): FrameworkInfo {
  return {
    name,
    user: 'ada',
    roles: [...roles],
    capabilities: roles.length > 1 ? ['MULTI_ROLE', 'GPU_RESOURCES'] : ['PARTITION_AWARE'],
    failoverTimeoutMs: 600_000,
    offerFilters: {},
  };
}

function addFrameworks(tables: FakeTables, nowMs: number): void {
  for (const plan of plans) {
    const id = plan.id as FrameworkId;
    tables.put('frameworks', {
      id,
      kind: plan.kind ?? 'remote',
      info: infoOf(plan),
      suppressedRoles: [...(plan.suppressed ?? [])],
      registeredAtMs: nowMs - plan.agoMs,
      completedAtMs: null,
    });
    const isAway = plan.awayForMs !== undefined;
    tables.put('subscriptions', {
      id,
      phase: isAway ? 'disconnected' : 'subscribed',
      sinceMs: nowMs - (plan.awayForMs ?? plan.agoMs),
      streamId: isAway ? null : 's',
      failoverAtMonoMs: isAway ? nowMs + 600_000 - (plan.awayForMs ?? 0) : null,
      demand: [],
    });
  }
}

const part = (amounts: Partial<Resources>, ...reservation: string[]): ResourcePart => ({
  reservation,
  volume: null,
  amounts: { ...noResources, ...amounts },
});

function addSlice(tables: FakeTables, name: string, role: string, amounts: Partial<Resources>): void {
  tables.put('reservations', {
    id: `a-${name}|${role}|`,
    agentId: `a-${name}` as AgentId,
    machineId: `m-${name}` as MachineId,
    part: part(amounts, role),
  });
}

type Work = {
  readonly framework: string;
  readonly role: string;
  readonly on: string;
  readonly cpusMilli: number;
  readonly memMib: number;
  readonly isSliced?: boolean;
};

function addTask(tables: FakeTables, name: string, work: Work, nowMs: number): void {
  const machine = tables.get('machines', `m-${work.on}`);
  if (machine === undefined) return;
  const { cpusMilli, memMib, framework, role, isSliced } = work;
  const line = `./${name}.sh`;
  const task = aTask({ name, machine, line, cpusMilli, memMib, startedAgoMs: 40 * minute }, nowMs);
  tables.put('tasks', {
    ...task,
    frameworkId: framework as FrameworkId,
    role,
    ...(isSliced === true ? { uses: [part({ cpusMilli, memMib }, role)] } : {}),
  });
}

function addOffer(
  tables: FakeTables,
  serial: number,
  plan: Pick<Work, 'framework' | 'role' | 'on' | 'cpusMilli' | 'memMib'>,
  nowMs: number,
): void {
  tables.put('offers', {
    id: `offer-1-${serial}` as OfferId,
    frameworkId: plan.framework as FrameworkId,
    agentId: `a-${plan.on}` as AgentId,
    machineId: `m-${plan.on}` as MachineId,
    hostname: plan.on,
    role: plan.role,
    resources: [part({ cpusMilli: plan.cpusMilli, memMib: plan.memMib })],
    attributes: [],
    unavailability: null,
    offeredAtMs: nowMs - serial * 2300,
    expiresAtMonoMs: nowMs - serial * 2300 + 15_000,
  });
}

/** Whose the work is that every scene has; the rest stays with the built-in framework. */
const owners: Readonly<Record<string, readonly [framework: string, role: string]>> = {
  'train-17': ['f-spark', 'research/vision'],
  embed: ['f-spark', 'research/vision'],
  notebook: ['f-notebooks', 'research'],
  web: ['f-marathon', 'web'],
  'fuzz-parser': ['f-jenkins', 'build'],
  'fuzz-wire': ['f-jenkins', 'build'],
};

function giveAway(tables: FakeTables): void {
  for (const { id, info } of tables.all('tasks')) {
    if (info.name === 'compile')
      tables.change('tasks', id, { info: { ...info, resources: { ...info.resources, cpusMilli: 8000 } } });
    const [frameworkId, role] = owners[info.name] ?? [];
    if (frameworkId !== undefined && role !== undefined)
      tables.change('tasks', id, { frameworkId: frameworkId as FrameworkId, role });
  }
}

/** What was refused, and until when it is not offered again. */
export function addShared(tables: FakeTables, nowMs: number): ReadonlyMap<string, FilterSession> {
  addFrameworks(tables, nowMs);
  giveAway(tables);
  const none = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
  const noLimit = { cpusMilli: null, memMib: null, diskMib: null, gpus: null };
  const web = { guarantee: { ...none, cpusMilli: 6000, memMib: 8 * gib }, limit: noLimit };
  const build = { guarantee: none, limit: { ...noLimit, cpusMilli: 16_000 } };
  tables.put('roles', { id: 'research', weightMilli: 2000, quota: null });
  tables.put('roles', { id: 'research/vision', weightMilli: 3000, quota: null });
  tables.put('roles', { id: 'web', weightMilli: 1000, quota: web });
  tables.put('roles', { id: 'build', weightMilli: 1000, quota: build });
  tables.put('roles', { id: 'nightly', weightMilli: 500, quota: null, isNamed: true });
  addSlice(tables, 'gpu-2', 'research', { cpusMilli: 2000, memMib: 8 * gib, gpus: 0 });
  addSlice(tables, 'build-1', 'build', { cpusMilli: 4000, memMib: 16 * gib });
  addSlice(tables, 'build-1', 'web', { cpusMilli: 2000, memMib: 4 * gib });
  const vision = { framework: 'f-spark', role: 'research/vision', on: 'gpu-2' };
  addTask(tables, 'segment-1', { ...vision, cpusMilli: 1000, memMib: 6 * gib }, nowMs);
  addTask(
    tables,
    'whisper',
    { ...vision, role: 'research/speech', on: 'build-1', cpusMilli: 1500, memMib: 3 * gib },
    nowMs,
  );
  const shop = { framework: 'f-marathon', role: 'web', on: 'build-1', cpusMilli: 1000, memMib: 2 * gib };
  addTask(tables, 'shop', { ...shop, isSliced: true }, nowMs);
  addTask(tables, 'shop-db', { ...shop, on: 'pi-4', cpusMilli: 500, memMib: 1024 }, nowMs);
  const unit = { framework: 'f-jenkins', role: 'build', on: 'build-1', cpusMilli: 2000, memMib: 4 * gib };
  addTask(tables, 'unit-tests', { ...unit, isSliced: true }, nowMs);
  const lab = { framework: 'f-notebooks', role: 'research', on: 'this-computer' };
  addTask(tables, 'lab', { ...lab, cpusMilli: 1000, memMib: 2048 }, nowMs);
  addOffer(tables, 1, { ...vision, cpusMilli: 800, memMib: 4 * gib }, nowMs);
  addOffer(
    tables,
    3,
    { ...vision, role: 'research/speech', on: 'pi-4', cpusMilli: 1200, memMib: 2048 },
    nowMs,
  );
  const refused = {
    unreserved: { ...noResources, cpusMilli: 1100, memMib: 2048 },
    reserved: noResources,
  };
  const filter = (framework: string, role: string, on: string, inMs: number): [string, FilterSession] => [
    `${framework}|${role}|a-${on}`,
    {
      frameworkId: framework as FrameworkId,
      role,
      agentId: `a-${on}` as AgentId,
      refused,
      untilMonoMs: nowMs + inMs,
    },
  ];
  return new Map([
    filter('f-marathon', 'web', 'this-computer', 4000),
    filter('f-spark', 'research/speech', 'this-computer', 7 * minute),
  ]);
}
