// Records made of what was read (chunks.ts): parsed, checked against their schemas and against each other. It runs in the thread
// that will own the records, one piece at a time, so that this thread is never held for long.
import type { z } from 'zod';
import { claimRecordSchema } from '../../contract/claim.ts';
import { frameworkRecordSchema } from '../../contract/framework.ts';
import { agentRecordSchema, machineRecordSchema } from '../../contract/machine.ts';
import { reservationRecordSchema, roleRecordSchema } from '../../contract/role.ts';
import { runRecordSchema } from '../../contract/run.ts';
import { settingsSchema } from '../../contract/settings.ts';
import { type DurableTable, durableTables, type Rows } from '../../contract/tables.ts';
import { taskRecordSchema } from '../../contract/task.ts';
import type { DurableRows } from '../../core/kernel/ports.ts';
import type { Chunk } from './chunks.ts';
import { Maker } from './maker.ts';

export const schemas: { readonly [T in DurableTable]: z.ZodType<Rows[T]> } = {
  machines: machineRecordSchema,
  agents: agentRecordSchema,
  tasks: taskRecordSchema,
  settings: settingsSchema,
  frameworks: frameworkRecordSchema,
  roles: roleRecordSchema,
  reservations: reservationRecordSchema,
  runs: runRecordSchema,
  claims: claimRecordSchema,
};

/** A row that cannot be used. What it holds stays where it is, and goes to the table `quarantine` from there. */
export type BadRow = { readonly table: DurableTable; readonly id: string; readonly why: string };

type AnyRow = Rows[DurableTable];
type Read = { readonly row: AnyRow } | { readonly why: string };

function parsed(table: DurableTable, value: unknown): Read {
  const { success, data, error } = schemas[table].safeParse(value);
  return success ? { row: data } : { why: error.message.slice(0, 1000) };
}

export class Assembly {
  readonly #rows: Record<DurableTable, AnyRow[]> = {
    machines: [],
    agents: [],
    tasks: [],
    settings: [],
    frameworks: [],
    roles: [],
    reservations: [],
    runs: [],
    claims: [],
  };
  readonly #makers = new Map(durableTables.map((table) => [table, new Maker(schemas[table])]));
  readonly #bad: BadRow[] = [];
  readonly #machines = new Set<string>();
  readonly #agents = new Set<string>();

  /** Throws on what is no list of rows: then the file is damaged, whatever SQLite says of it. */
  take({ table, rows, ...said }: Chunk): void {
    const made = this.#makers
      .get(table)
      ?.makeAll(said, (id, row, isRight) =>
        this.#takeRow(table, id, isRight ? { row: row as AnyRow } : parsed(table, row)),
      );
    if (made !== rows) throw new Error(`${table}: not ${rows} rows`);
  }

  #takeRow(table: DurableTable, id: string, read: Read): void {
    const why = 'why' in read ? read.why : this.#whyNot(id, read.row);
    if (why !== null) this.#bad.push({ table, id, why });
    if ('why' in read || why !== null) return;
    this.#rows[table].push(read.row);
    if (table === 'machines') this.#machines.add(id);
    if (table === 'agents') this.#agents.add(id);
  }

  /** What hangs on a machine that could not be read goes aside with it; the agent's own record brings it back. */
  #whyNot(id: string, row: AnyRow): string | null {
    if (row.id !== id) return 'another id inside';
    const machineId = 'machineId' in row ? row.machineId : null;
    return machineId !== null && !this.#machines.has(machineId) ? 'its machine could not be read' : null;
  }

  /** After the last piece. */
  finish(): { readonly rows: DurableRows; readonly bad: readonly BadRow[] } {
    // The name of the table decides the type of its rows, which TypeScript cannot follow through a variable.
    const rows = this.#rows as unknown as { [T in DurableTable]: Rows[T][] };
    const machines = rows.machines.map((machine) => this.#withKnownAgent(machine));
    return { rows: { ...rows, machines }, bad: this.#bad };
  }

  /** A machine whose agent could not be read meets it again at the next hello. */
  #withKnownAgent(machine: Rows['machines']): Rows['machines'] {
    const isKnown = machine.agentId === null || this.#agents.has(machine.agentId);
    return isKnown ? machine : { ...machine, agentId: null };
  }
}
