// Roles and frameworks of the fake cluster. Figures, dry runs and changes come from the real core over the fake tables: it is
// pure, and a second idea of fair shares would be one too many. Its clock that never jumps is the wall clock here.
import type { Answers, Channel, Request } from '../../../electron/contract/channels.ts';
import { ok, type Result } from '../../../electron/contract/errors.ts';
import { type TableName, tableNames } from '../../../electron/contract/tables.ts';
import type { CommandEvent } from '../../../electron/core/kernel/events.ts';
import type { DurableRows } from '../../../electron/core/kernel/ports.ts';
import { RowMap } from '../../../electron/core/kernel/rows.ts';
import type { FilterSession } from '../../../electron/core/master/frameworks/shapes.ts';
import { previewOf, sharesOf } from '../../../electron/core/master/frameworks/shares.ts';
import { createState, type State } from '../../../electron/core/master/state.ts';
import { step } from '../../../electron/core/master/step.ts';
import type { FakeCluster } from './cluster.ts';
import type { FakeTables } from './tables.ts';

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

const noRows = Object.fromEntries(tableNames.map((name) => [name, []])) as unknown as DurableRows;

function stateOf(tables: FakeTables, filters: ReadonlyMap<string, FilterSession>): State {
  const { session } = createState(noRows);
  const maps = Object.fromEntries(tableNames.map((name) => [name, RowMap.of(tables.all(name) as never)]));
  let kept = session.filters;
  for (const [key, filter] of filters) kept = kept.with(key, filter);
  return {
    tables: maps as unknown as State['tables'],
    session: { ...session, filters: kept, isStarted: true },
  };
}

const stamp = () => ({ seq: 1, atMs: Date.now(), monoMs: Date.now() });

function command({ tables, filters }: FakeCluster, event: CommandEvent): Result<null> {
  const { diff, answer } = step(stateOf(tables, filters), { ...event, ...stamp() });
  for (const name of Object.keys(diff) as TableName[]) {
    for (const row of diff[name]?.put ?? []) tables.put(name, row);
    for (const id of diff[name]?.drop ?? []) tables.drop(name, id);
  }
  return answer ?? ok(null);
}

export const roleHandlers: Handlers = {
  'shares:view': ({ tables, filters }) => ok(sharesOf(stateOf(tables, filters), stamp())),
  'shares:preview': ({ tables, filters }, { change }) =>
    ok(previewOf(stateOf(tables, filters), stamp(), change)),
  'role:change': (cluster, request) => command(cluster, { kind: 'change-role', ...request }),
  'role:remove': (cluster, request) => command(cluster, { kind: 'remove-role', ...request }),
  'machine:partition': (cluster, request) => command(cluster, { kind: 'partition-machine', ...request }),
  'framework:teardown': (cluster, request) => command(cluster, { kind: 'teardown-framework', ...request }),
};
