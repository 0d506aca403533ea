import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { schemas } from '../../../../electron/adapters/store/assembly.ts';
import { connect } from '../../../../electron/adapters/store/connection.ts';
import type { OpenOptions } from '../../../../electron/adapters/store/open.ts';
import { makeSnapshot } from '../../../../electron/adapters/store/snapshots.ts';
import { openStoreThread } from '../../../../electron/adapters/store/store-thread.ts';
import { defaultSettings } from '../../../../electron/contract/settings.ts';
import { type Diff, type DurableTable, durableTables } from '../../../../electron/contract/tables.ts';
import type { DurableRows } from '../../../../electron/core/kernel/ports.ts';
import { byId } from '../../../../electron/core/kernel/tables.ts';
import { agentId, aMachine, machineId } from '../../../support/builders.ts';
import { loadStore } from '../../../support/load-store.ts';
import { commit, load } from '../../../support/store-conformance.ts';
import { mustOpen, newPlace } from '../../../support/store-place.ts';
import {
  aClaimRecord,
  aFrameworkRecord,
  anAgentRecord,
  anEvent,
  aReservationRecord,
  aRunRecord,
  aTaskRecord,
} from '../../../support/store-records.ts';
import { closeThreads, mustOpenThread, threadOptions } from '../../../support/store-threads.ts';
import { valuesOf } from '../../../support/values-of.ts';

afterEach(closeThreads);

const put = <R>(...rows: readonly R[]) => ({ put: rows, drop: [] });

/** A row of each kind twice: what happens to the second is the test's. */
const two: DurableRows = {
  machines: [{ ...aMachine('one'), agentId: agentId('one') }, aMachine('two')],
  agents: [anAgentRecord('one'), anAgentRecord('two')],
  tasks: [aTaskRecord('job', 'one'), aTaskRecord('other', 'one')],
  settings: [defaultSettings],
  frameworks: [aFrameworkRecord('batch'), aFrameworkRecord('stream')],
  roles: [
    { id: 'eng/dev', weightMilli: 2500, quota: null },
    { id: 'ops', weightMilli: 1, quota: null },
  ],
  reservations: [aReservationRecord('one'), { ...aReservationRecord('one'), id: 'a-one|ops|' }],
  runs: [aRunRecord('waits'), aRunRecord('stays', 'one')],
  claims: [aClaimRecord('claim-1-1'), aClaimRecord('claim-1-2')],
};

/** Half of a pair of UTF-16 is no text: as a key it would be another one. In the JSON beside it it is kept. */
const isText = (text: string): boolean => !/\p{Surrogate}/u.test(text);

function diffOf(rows: DurableRows): Diff {
  return Object.fromEntries(durableTables.map((table) => [table, put(...rows[table])]));
}

function edit(place: OpenOptions, change: (db: ReturnType<typeof connect>) => void): void {
  const db = connect({ file: place.file, nativeBinding: place.nativeBinding });
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  change(db);
  db.close();
}

function filled(rows: DurableRows = two): OpenOptions {
  const place = newPlace();
  const { store } = mustOpen(place);
  store.commit([anEvent(3)], diffOf(rows));
  store.close();
  return place;
}

describe('what is loaded', () => {
  it('is what was written, for records of every kind with odd values', () => {
    const { store } = mustOpen(newPlace());
    const rowOf = (table: DurableTable) =>
      valuesOf(schemas[table])
        .map((row) => JSON.parse(JSON.stringify(row)) as never)
        .filter((row) => schemas[table].safeParse(row).success && isText((row as { id: string }).id));
    const all = fc.record({
      tasks: rowOf('tasks'),
      runs: rowOf('runs'),
      claims: rowOf('claims'),
      machines: rowOf('machines'),
      agents: rowOf('agents'),
      settings: rowOf('settings'),
      frameworks: rowOf('frameworks'),
      roles: rowOf('roles'),
      reservations: rowOf('reservations'),
    }) as fc.Arbitrary<{ [T in DurableTable]: DurableRows[T][number] }>;
    fc.assert(
      fc.property(all, (made) => {
        const machine = { ...made.machines, agentId: made.agents.id };
        const { id: machine_ } = machine;
        const rows: DurableRows = {
          machines: [machine],
          agents: [{ ...made.agents, machineId: machine_ }],
          tasks: [{ ...made.tasks, machineId: machine_ }],
          settings: [made.settings],
          frameworks: [made.frameworks],
          roles: [made.roles],
          reservations: [{ ...made.reservations, machineId: machine_ }],
          claims: [{ ...made.claims, machineId: machine_ }],
          runs: [made.runs.machineId === null ? made.runs : { ...made.runs, machineId: machine_ }],
        };
        const empty = durableTables.map((table) => `DELETE FROM ${table};`).join(' ');
        store.connection.exec(`BEGIN; ${empty} COMMIT;`);
        store.commit([], diffOf(rows));
        expect(loadStore(store)).toEqual({ ...rows, seq: 0 });
      }),
      { numRuns: 20 },
    );
  });

  it('comes whole in many pieces, whatever the size of the rows', async () => {
    const note = 'é'.repeat(4096);
    const tasks = Array.from({ length: 3000 }, (_, n) => aTaskRecord(`job-${n}`, `${n % 200}`));
    const machines = Array.from({ length: 200 }, (_, n) => ({ ...aMachine(`${n}`), note }));
    const big = 'x'.repeat(65_536);
    const command = {
      ...tasks[0]?.info.command,
      environment: Array.from({ length: 40 }, () => ({ name: 'A', value: big })),
    };
    const [first, ...others] = tasks as [(typeof tasks)[0], ...typeof tasks];
    const all = [
      { ...first, info: { ...first.info, command: command as typeof first.info.command } },
      ...others,
    ];
    const place = filled({
      ...two,
      ...{ machines, agents: [], tasks: all, reservations: [], runs: [], claims: [] },
    });
    const counts: number[] = [];
    const opened = await openStoreThread(await threadOptions(place), (rows) => counts.push(rows));
    if (opened.kind === 'problem') throw new Error(opened.problem.detail);
    const { rows, notices } = opened.facts;
    await opened.thread.close();
    expect(notices).toEqual([]);
    expect(byId(rows.tasks)).toEqual(byId(all));
    expect(byId(rows.machines)).toEqual(byId(machines));
    expect(counts.length).toBeGreaterThan(10);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(3205);
  });

  it('is the same again when it is asked for later', async () => {
    const { thread } = await mustOpenThread(filled());
    await commit(thread, [anEvent(4)], { tasks: put(aTaskRecord('late', 'one')) });
    const loaded = await load(thread);
    expect(loaded.seq).toBe(4);
    expect(loaded.tasks.map(({ id }) => id)).toEqual(['t-job', 't-other', 't-late']);
  });
});

describe('a damaged row', () => {
  const damages: readonly [string, (id: string) => string][] = [
    ['nothing in it', (id) => JSON.stringify({ id })],
    ['another id in it', () => '{"id":"m-elsewhere"}'],
    ['a list in its place', () => '[1,2]'],
    ['a number in its place', () => '0'],
  ];
  const kinds = durableTables.filter((table) => table !== 'settings');

  it.each(damages)(
    'of any kind with %s is kept aside; the others are there, and it is said',
    async (_, json) => {
      const place = filled();
      edit(place, (db) => {
        for (const table of kinds) {
          const id = two[table][1]?.id ?? '';
          db.prepare(`UPDATE ${table} SET json = ? WHERE id = ?`).run(json(id), id);
        }
      });
      const { thread, facts } = await mustOpenThread(place);
      for (const table of kinds) expect(facts.rows[table]).toEqual(two[table].slice(0, 1));
      expect(facts.notices).toMatchObject([
        { kind: 'store-failed', detail: expect.stringContaining(`${kinds.length} rows`) },
      ]);
      await thread.close();
      edit(place, (db) => {
        const kept = db.prepare('SELECT table_name, row_id, json FROM quarantine ORDER BY table_name').all();
        const expected = [...kinds].sort().map((table) => {
          const row_id = two[table][1]?.id ?? '';
          return { table_name: table, row_id, json: json(row_id) };
        });
        expect(kept).toEqual(expected);
        expect(db.pragma('foreign_key_check')).toEqual([]);
      });
      expect((await mustOpenThread(place)).facts.notices).toEqual([]);
    },
  );

  it('of a machine takes what hangs on it along, and a machine forgets an agent that is lost', async () => {
    const place = filled({ ...two, runs: [], reservations: [], claims: [] });
    edit(place, (db) => {
      db.prepare('UPDATE machines SET json = ? WHERE id = ?').run('{}', 'm-two');
      db.prepare('UPDATE tasks SET json = ? WHERE id = ?').run(
        JSON.stringify(aTaskRecord('other', 'two')),
        't-other',
      );
      db.prepare('UPDATE agents SET json = ? WHERE id = ?').run('{}', 'a-one');
    });
    const { rows, notices } = (await mustOpenThread(place)).facts;
    expect(rows.machines).toEqual([{ ...aMachine('one'), agentId: null }]);
    expect(rows.agents).toEqual([]);
    expect(rows.tasks.map(({ id }) => id)).toEqual(['t-job']);
    expect(notices).toMatchObject([{ detail: expect.stringContaining('4 rows') }]);
  });

  it('that cannot be read as JSON at all is damage to the file: without a snapshot a problem, and nothing was written', async () => {
    const place = filled();
    edit(place, (db) => db.prepare("UPDATE tasks SET json = '{\"id\":' WHERE id = 't-job'").run());
    const before = fs.readFileSync(place.file);
    const result = await openStoreThread(await threadOptions(place));
    expect(result).toMatchObject({ kind: 'problem', problem: { kind: 'corrupt', file: place.file } });
    expect(fs.readFileSync(place.file).equals(before)).toBe(true);
  });
});

describe('a damaged file', () => {
  async function withSnapshot(): Promise<OpenOptions> {
    const place = newPlace();
    const { store } = mustOpen(place);
    const tasks = Array.from({ length: 300 }, (_, n) => aTaskRecord(`job-${n}`, 'one'));
    store.commit([anEvent(3)], diffOf({ ...two, tasks }));
    await makeSnapshot(store.connection, place.file, Date.now());
    store.close();
    return place;
  }

  it.each<[string, (place: OpenOptions) => void]>([
    [
      'a page of zeros in the middle',
      ({ file }) => {
        const bytes = fs.readFileSync(file);
        const page = Math.floor(bytes.length / 4096 / 2) * 4096;
        fs.writeFileSync(file, bytes.fill(0, page, page + 4096));
      },
    ],
    [
      'a row that is no JSON',
      (place) => edit(place, (db) => db.prepare("UPDATE tasks SET json = 'x' WHERE id = 't-job-7'").run()),
    ],
  ])('with %s is found while it is read; its snapshot takes its place, and it is said', async (_, damage) => {
    const place = await withSnapshot();
    damage(place);
    const { facts } = await mustOpenThread(place);
    expect(facts.rows.tasks).toHaveLength(300);
    expect(facts.rows.machines.map(({ id }) => id)).toEqual([machineId('one'), machineId('two')]);
    expect(facts.notices).toMatchObject([{ kind: 'store-restored' }]);
    const kept = fs.readdirSync(path.dirname(place.file)).filter((name) => name.includes('.corrupt-'));
    expect(kept.length).toBeGreaterThan(0);
  });
});
