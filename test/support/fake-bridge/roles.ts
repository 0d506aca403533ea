// Roles and frameworks of the fake cluster. Figures, dry runs and changes come from the real core over the fake tables: it is
// pure, and a second idea of fair shares would be one too many. Its clock that never jumps is the wall clock here.
import type { Answers, Channel, Request } from '../../../electron/contract/channels.ts';
import { ok, type Result } from '../../../electron/contract/errors.ts';
import type { TableName } from '../../../electron/contract/tables.ts';
import type { CommandEvent } from '../../../electron/core/kernel/events.ts';
import { previewOf, sharesOf } from '../../../electron/core/master/frameworks/shares.ts';
import type { State } from '../../../electron/core/master/state.ts';
import { step } from '../../../electron/core/master/step.ts';
import type { FakeCluster } from './cluster.ts';
import { stateOf } from './state.ts';

type RoleChannel =
  | 'shares:view'
  | 'shares:preview'
  | 'role:change'
  | 'role:remove'
  | 'machine:partition'
  | 'framework:teardown';
type Handlers = {
  readonly [C in RoleChannel & Channel]: (cluster: FakeCluster, request: Request<C>) => Result<Answers[C]>;
};

function filteredState({ tables, filters }: FakeCluster): State {
  const { session, ...state } = stateOf(tables);
  let kept = session.filters;
  for (const [key, filter] of filters) kept = kept.with(key, filter);
  return { ...state, session: { ...session, filters: kept, isStarted: true } };
}

let seq = 0;
const stamp = () => {
  seq += 1;
  return { seq, atMs: Date.now(), monoMs: Date.now() };
};

function command(cluster: FakeCluster, event: CommandEvent): Result<null> {
  const { tables } = cluster;
  const { diff, answer } = step(filteredState(cluster), { ...event, ...stamp() });
  for (const name of Object.keys(diff) as TableName[]) {
    for (const row of diff[name]?.put ?? []) tables.put(name, row);
    for (const id of diff[name]?.drop ?? []) tables.drop(name, id);
  }
  return answer ?? ok(null);
}

export const roleHandlers: Handlers = {
  'shares:view': (cluster) => ok(sharesOf(filteredState(cluster), stamp())),
  'shares:preview': (cluster, { change }) => ok(previewOf(filteredState(cluster), stamp(), change)),
  'role:change': (cluster, request) => command(cluster, { kind: 'change-role', ...request }),
  'role:remove': (cluster, request) => command(cluster, { kind: 'remove-role', ...request }),
  'machine:partition': (cluster, request) => command(cluster, { kind: 'partition-machine', ...request }),
  'framework:teardown': (cluster, request) => command(cluster, { kind: 'teardown-framework', ...request }),
};
