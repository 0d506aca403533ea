// Tables and diffs. The same diff is what is stored, what the renderer receives and what tests compare.
import type { ClaimRecord } from './claim.ts';
import type { LaneRecord } from './enrolment.ts';
import type { FrameworkRecord, SubscriptionRecord } from './framework.ts';
import type { AgentRecord, LinkRecord, MachineRecord, SampleRecord } from './machine.ts';
import type { InverseOfferRecord, OfferRecord } from './offer.ts';
import type { FaultRecord, OperationRecord } from './operation.ts';
import type { ReservationRecord, RoleRecord } from './role.ts';
import type { RunRecord } from './run.ts';
import type { Settings } from './settings.ts';
import type { TaskProgress, TaskRecord } from './task.ts';

/** Record type of each table. Durable tables survive a restart; session tables do not. */
export type Rows = {
  machines: MachineRecord;
  agents: AgentRecord;
  tasks: TaskRecord;
  settings: Settings;
  frameworks: FrameworkRecord;
  roles: RoleRecord;
  reservations: ReservationRecord;
  runs: RunRecord;
  claims: ClaimRecord;
  links: LinkRecord;
  samples: SampleRecord;
  lanes: LaneRecord;
  operations: OperationRecord;
  progress: TaskProgress;
  faults: FaultRecord;
  subscriptions: SubscriptionRecord;
  offers: OfferRecord;
  inverseOffers: InverseOfferRecord;
};
export type TableName = keyof Rows;

export const durableTables = [
  'machines',
  'agents',
  'tasks',
  'settings',
  'frameworks',
  'roles',
  'reservations',
  'runs',
  'claims',
] as const satisfies readonly TableName[];
const sessionTables = [
  'links',
  'samples',
  'lanes',
  'operations',
  'progress',
  'faults',
  'subscriptions',
  'offers',
  'inverseOffers',
] as const satisfies readonly TableName[];
export const tableNames: readonly TableName[] = [...durableTables, ...sessionTables];
export type DurableTable = (typeof durableTables)[number];

/** Something for each table, made by `make`. */
export function forEachTable<V>(make: () => V): Readonly<Record<TableName, V>> {
  return Object.fromEntries(tableNames.map((name) => [name, make()])) as Record<TableName, V>;
}

export type Tables = { readonly [T in TableName]: ReadonlyMap<string, Rows[T]> };

/** Changed and removed rows of one table. `put` holds whole rows. */
export type TableDiff<T extends TableName> = {
  readonly put: readonly Rows[T][];
  readonly drop: readonly string[];
};
export type Diff = { readonly [T in TableName]?: TableDiff<T> };

export type Snapshot = {
  readonly seq: number;
  readonly rows: { readonly [T in TableName]: readonly Rows[T][] };
};
/** `from` is the seq the receiver must be at; otherwise there is a gap and it asks for a new snapshot. */
export type Patch = { readonly from: number; readonly to: number; readonly diff: Diff };
