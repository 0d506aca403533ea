// The bridge over the fake cluster: each channel of the contract, answered as the main process would.
import type { Answers, Bridge, Channel, Request } from '../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import type { FakeCluster } from './cluster.ts';
import { drainHandlers } from './drain.ts';
import { fileHandlers } from './files.ts';
import { findingHandlers } from './finding.ts';
import { roleHandlers } from './roles.ts';
import { previewOf, waitsOn } from './waits.ts';

/** The bridge the window sees. */
export function bridgeTo(cluster: FakeCluster): Bridge {
  return {
    async invoke(channel, request) {
      cluster.asked.push({ channel, request });
      const answer = answerOf(cluster, channel, request as never) as Result<never>;
      cluster.flush();
      return await Promise.resolve(answer);
    },
    subscribe: (channel, listener) => cluster.subscribe(channel, listener),
  };
}

type Handlers = {
  readonly [C in Channel]: (cluster: FakeCluster, request: Request<C>) => Result<Answers[C]>;
};

const nothing = () => ok(null);
const handlers: Handlers = {
  'state:snapshot': ({ tables }) => {
    const snapshot = tables.snapshot();
    return ok(snapshot);
  },
  'app:info': ({ info }) => ok(info),
  'app:open-external': nothing,
  'app:answer-quit': nothing,
  'demo:start': (cluster) => cluster.startDemo(),
  'demo:remove': (cluster) => cluster.removeDemo(),
  'machine:add': (cluster, request) => cluster.addMachine(request),
  'machine:confirm-host-key': (cluster, { machineId }) => cluster.changeLane(machineId, 'confirm'),
  'machine:retry-add': (cluster, { machineId }) => cluster.changeLane(machineId, 'retry'),
  'machine:cancel-add': (cluster, { machineId }) => cluster.changeLane(machineId, 'cancel'),
  'machine:pause-add': ({ tables }, { machineId, isPaused }) => {
    tables.change('lanes', machineId, { isPaused });
    return ok(null);
  },
  'machine:dismiss-lane': (cluster, { machineId }) => cluster.changeLane(machineId, 'dismiss'),
  'machine:remove': (cluster, request) => cluster.removeMachine(request),
  'machine:reconnect': ({ tables }, { machineId }) => {
    tables.change('links', machineId, { phase: 'connecting', nextTryAtMs: null, problem: null });
    setTimeout(() => tables.change('links', machineId, { phase: 'live', lastHeardAtMs: Date.now() }), 1500);
    return ok(null);
  },
  'machine:edit': ({ tables }, { machineId, name, note }) => {
    tables.change('machines', machineId, { name, note });
    return ok(null);
  },
  'task:run': (cluster, request) => cluster.runTask(request),
  'run:preview': ({ tables }, request) => previewOf(tables, request),
  'run:why': ({ tables }, { taskIds, isEach }) => ok(waitsOn(tables).why(taskIds, isEach)),
  'task:kill': (cluster, { taskId }) => cluster.killTask(taskId),
  'task:forget': ({ tables }, { taskId }) => {
    tables.drop('tasks', taskId);
    return ok(null);
  },
  'log:open': ({ tables, logs }, { taskId, file, offset }) => {
    const task = tables.get('tasks', taskId);
    if (task === undefined) return refuse('not-found', 'task-not-found', taskId);
    const link = tables.get('links', task.machineId);
    if (link?.phase !== 'live') return refuse('unreachable', 'machine-unreachable', 'the machine is silent');
    return ok(logs.open(task, file, offset));
  },
  'log:credit': ({ logs }, { streamId, bytes }) => {
    logs.credit(streamId, bytes);
    return ok(null);
  },
  'log:close': ({ logs }, { streamId }) => {
    logs.close(streamId);
    return ok(null);
  },
  'log:save': (_cluster, { taskId, file }) =>
    ok({ path: `/home/me/Downloads/${taskId}.${file}.log`, bytes: 48_211 }),
  'machine:take-over': ({ tables }, { machineId }) => {
    tables.change('links', machineId, { phase: 'connecting', nextTryAtMs: null, problem: null });
    setTimeout(() => tables.change('links', machineId, { phase: 'live', lastHeardAtMs: Date.now() }), 1500);
    return ok(null);
  },
  ...drainHandlers,
  ...fileHandlers,
  ...findingHandlers,
  ...roleHandlers,
  'settings:set': ({ tables }, change) => {
    tables.change(
      'settings',
      'settings',
      Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
    );
    return ok(null);
  },
  'dialog:pick-key-file': () => ok({ path: '/home/me/keys/lab' }),
  'clipboard:write': nothing,
  'fault:dismiss': ({ tables }, { id }) => {
    tables.drop('faults', id);
    return ok(null);
  },
};

function answerOf<C extends Channel>(
  cluster: FakeCluster,
  channel: C,
  request: Request<C>,
): Result<Answers[C]> {
  return (handlers[channel] as (cluster: FakeCluster, request: Request<C>) => Result<Answers[C]>)(
    cluster,
    request,
  );
}
