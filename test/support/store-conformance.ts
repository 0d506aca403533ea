// What every Store must do, real or fake: run against both, so that the fake never promises what SQLite does not keep.
import { expect, it } from 'vitest';
import { defaultSettings } from '../../electron/contract/settings.ts';
import type { Diff } from '../../electron/contract/tables.ts';
import type { MasterEvent } from '../../electron/core/kernel/events.ts';
import type { LoadedRows, Store, StoreDone, StoreOutcome } from '../../electron/core/kernel/ports.ts';
import { agentId, aMachine } from './builders.ts';
import { noRows } from './no-rows.ts';
import {
  aClaimRecord,
  aFrameworkRecord,
  anAgentRecord,
  anEvent,
  aReservationRecord,
  aRunRecord,
  aTaskRecord,
} from './store-records.ts';

const machine = { ...aMachine('one'), agentId: agentId('one') };
const agent = anAgentRecord();
const task = aTaskRecord();
const framework = aFrameworkRecord();
const role = { id: 'eng/dev', weightMilli: 2500, quota: null };
const reservation = aReservationRecord();
const run = aRunRecord();
const claim = aClaimRecord();
function answered<T>(ask: (done: StoreDone<T>) => void): Promise<StoreOutcome<T>> {
  return new Promise(ask);
}

async function must<T>(ask: (done: StoreDone<T>) => void): Promise<T> {
  const outcome = await answered(ask);
  if (!outcome.ok) throw new Error(outcome.why);
  return outcome.value;
}

export function load(store: Store): Promise<LoadedRows> {
  return must((done) => store.load(done));
}

export function readSeq(store: Store): Promise<number> {
  return must((done) => store.readSeq(done));
}

export function tryCommit(
  store: Store,
  batch: readonly MasterEvent[],
  diff: Diff,
): Promise<StoreOutcome<null>> {
  return answered((done) => store.commit(batch, diff, done));
}

export function commit(store: Store, batch: readonly MasterEvent[], diff: Diff): Promise<null> {
  return must((done) => store.commit(batch, diff, done));
}

/** `open` gives the store of one and the same place each time; what was open before is closed by then. */
export function storeConformance(open: () => Promise<Store>): void {
  const reopened = async (store: Store): Promise<LoadedRows> => {
    await store.close();
    const again = await open();
    const loaded = await load(again);
    await again.close();
    return loaded;
  };

  it('starts empty at seq 0', async () => {
    const store = await open();
    expect(await load(store)).toEqual({ ...noRows, seq: 0 });
    expect(await readSeq(store)).toBe(0);
    await store.close();
  });

  it('gives back after a reopen exactly what was committed', async () => {
    const store = await open();
    await commit(store, [anEvent(7)], {
      machines: { put: [machine], drop: [] },
      agents: { put: [agent], drop: [] },
      tasks: { put: [task], drop: [] },
      settings: { put: [defaultSettings], drop: [] },
      frameworks: { put: [framework], drop: [] },
      roles: { put: [role], drop: [] },
      reservations: { put: [reservation], drop: [] },
      runs: { put: [run], drop: [] },
      claims: { put: [claim], drop: [] },
    });
    const expected = {
      machines: [machine],
      agents: [agent],
      tasks: [task],
      settings: [defaultSettings],
      frameworks: [framework],
      roles: [role],
      reservations: [reservation],
      runs: [run],
      claims: [claim],
      seq: 7,
    };
    expect(await load(store)).toEqual(expected);
    expect(await readSeq(store)).toBe(7);
    expect(await reopened(store)).toEqual(expected);
  });

  it('puts over an older row and drops', async () => {
    const store = await open();
    await commit(store, [anEvent(1)], {
      machines: { put: [machine], drop: [] },
      tasks: { put: [task], drop: [] },
    });
    await commit(store, [anEvent(2)], { machines: { put: [{ ...machine, note: 'new' }], drop: [] } });
    expect((await load(store)).machines[0]?.note).toBe('new');
    expect((await load(store)).tasks).toHaveLength(1);
    await commit(store, [anEvent(3)], {
      machines: { put: [], drop: [machine.id] },
      tasks: { put: [], drop: [task.id] },
    });
    expect(await reopened(store)).toMatchObject({ machines: [], tasks: [], seq: 3 });
  });

  it('writes what is committed, whatever was prepared before', async () => {
    const store = await open();
    const [older, never] = [aMachine('one'), aMachine('two')];
    const newer = { ...older, note: 'newer' };
    store.prepare(anEvent(1), { machines: { put: [older, never], drop: [] } });
    const event = anEvent(2);
    store.prepare(event, { machines: { put: [newer], drop: [] }, tasks: { put: [task], drop: [] } });
    await commit(store, [event], {
      machines: { put: [newer], drop: [] },
      tasks: { put: [task], drop: [] },
    });
    // The same row may be written again later.
    await commit(store, [anEvent(3)], { machines: { put: [newer], drop: [] } });
    expect(await reopened(store)).toMatchObject({ machines: [newer], tasks: [task], seq: 3 });
  });

  it('ignores session tables', async () => {
    const store = await open();
    const fault = { id: 'local-agent', kind: 'local-agent', detail: '', sinceMs: 1 } as const;
    await commit(store, [anEvent(1)], { faults: { put: [fault], drop: [] } });
    const names = Object.keys(await reopened(store)).sort();
    expect(names).toEqual([...Object.keys(noRows), 'seq'].sort());
  });

  it('takes an empty commit without moving the seq', async () => {
    const store = await open();
    await commit(store, [anEvent(5)], {});
    await commit(store, [], {});
    expect((await reopened(store)).seq).toBe(5);
  });

  it('takes no event number twice, and then nothing of the commit', async () => {
    const store = await open();
    await commit(store, [anEvent(5)], {});
    const again = await tryCommit(store, [anEvent(5)], { machines: { put: [machine], drop: [] } });
    expect(again).toMatchObject({ ok: false, why: expect.stringContaining('SQLITE_CONSTRAINT') });
    expect(await reopened(store)).toMatchObject({ machines: [], seq: 5 });
  });

  it('answers in the order it was asked, and never before the call has returned', async () => {
    const store = await open();
    const order: string[] = [];
    store.commit([anEvent(1)], {}, () => order.push('first'));
    store.commit([anEvent(2)], {}, () => order.push('second'));
    order.push('returned');
    expect(await readSeq(store)).toBe(2);
    expect(order).toEqual(['returned', 'first', 'second']);
    await store.close();
  });

  it('refuses what comes after its end', async () => {
    const store = await open();
    await store.close();
    expect(await tryCommit(store, [anEvent(1)], {})).toEqual({ ok: false, why: 'the store is closed' });
    await store.close();
  });

  it('keeps any text byte for byte', async () => {
    const note = `'); DROP TABLE tasks; --\u0000\u202e é 漢字 😀 ${'x'.repeat(2000)}`;
    const store = await open();
    await commit(store, [anEvent(1)], { machines: { put: [{ ...machine, note }], drop: [] } });
    expect((await reopened(store)).machines[0]?.note).toBe(note);
  });
}
