// Draining, pausing and maintenance of simulated machines.
import type { Answers, Request } from '../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import type { AgentRecord, Availability, MachineRecord } from '../../../electron/contract/machine.ts';
import { terminalTaskStates } from '../../../electron/contract/task.ts';
import type { FakeCluster } from './cluster.ts';

type Names = 'machine:drain' | 'machine:deactivate' | 'machine:reactivate' | 'machine:plan-maintenance';
type Handlers = {
  readonly [C in Names]: (cluster: FakeCluster, request: Request<C>) => Result<Answers[C]>;
};

function setAvailability({ tables }: FakeCluster, machineId: string, next: Availability | null): boolean {
  const agentId = tables.get('machines', machineId)?.agentId;
  const agent = agentId ? tables.get('agents', agentId) : undefined;
  if (!agent) return false;
  const { availability: _, ...rest }: AgentRecord = agent;
  tables.put('agents', next === null ? rest : { ...rest, availability: next });
  return true;
}

const noMachine = (id: string) => refuse('not-found', 'no-such-machine', id);

export const drainHandlers: Handlers = {
  'machine:drain': (cluster, { machineId, graceMs, markGone }) => {
    const machine = cluster.tables.get('machines', machineId);
    if (!machine) return noMachine(machineId);
    const open = cluster.tables
      .all('tasks')
      .filter((task) => task.machineId === machineId && !terminalTaskStates.has(task.state));
    const sinceMs = Date.now();
    const state = { kind: 'draining', sinceMs, graceMs, markGone, cause: 'person' } as const;
    setAvailability(cluster, machineId, { ...state, tasks: open.length });
    const operationId = cluster.operation({
      verb: 'drain-agent',
      subject: machine.name,
      machineId,
      stage: 'doing',
    });
    for (const task of open) cluster.killTask(task.id);
    return ok({ operationId });
  },
  'machine:deactivate': (cluster, { machineId }) =>
    setAvailability(cluster, machineId, { kind: 'deactivated', sinceMs: Date.now() })
      ? ok(null)
      : noMachine(machineId),
  'machine:reactivate': (cluster, { machineId }) =>
    setAvailability(cluster, machineId, null) ? ok(null) : noMachine(machineId),
  'machine:plan-maintenance': ({ tables }, { machineId, window }) => {
    const machine = tables.get('machines', machineId);
    if (!machine) return noMachine(machineId);
    const { maintenance: _, ...rest }: MachineRecord = machine;
    tables.put('machines', window === null ? rest : { ...rest, maintenance: { ...window, hasBegun: false } });
    return ok(null);
  },
};
