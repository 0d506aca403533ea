// What every Store must do, real or fake: run against both, so that the fake never promises what SQLite does not keep.
import { expect, it } from 'vitest';
import { defaultSettings } from '../../electron/contract/settings.ts';
import type { Store } from '../../electron/core/kernel/ports.ts';
import { agentId, aMachine } from './builders.ts';
import { anAgentRecord, anEvent, aTaskRecord } from './store-records.ts';

const machine = { ...aMachine('one'), agentId: agentId('one') };
const agent = anAgentRecord();
const task = aTaskRecord();

/** `open` gives the store of one and the same place each time; what was open before is closed by then. */
export function storeConformance(open: () => Store): void {
  const reopened = (store: Store): ReturnType<Store['load']> => {
    store.close();
    const again = open();
    const loaded = again.load();
    again.close();
    return loaded;
  };

  it('starts empty at seq 0', () => {
    const store = open();
    expect(store.load()).toEqual({ machines: [], agents: [], tasks: [], settings: [], seq: 0 });
    store.close();
  });

  it('gives back after a reopen exactly what was committed', () => {
    const store = open();
    store.commit([anEvent(7)], {
      machines: { put: [machine], drop: [] },
      agents: { put: [agent], drop: [] },
      tasks: { put: [task], drop: [] },
      settings: { put: [defaultSettings], drop: [] },
    });
    const expected = {
      machines: [machine],
      agents: [agent],
      tasks: [task],
      settings: [defaultSettings],
      seq: 7,
    };
    expect(store.load()).toEqual(expected);
    expect(reopened(store)).toEqual(expected);
  });

  it('puts over an older row and drops', () => {
    const store = open();
    store.commit([anEvent(1)], { machines: { put: [machine], drop: [] }, tasks: { put: [task], drop: [] } });
    store.commit([anEvent(2)], { machines: { put: [{ ...machine, note: 'new' }], drop: [] } });
    expect(store.load().machines[0]?.note).toBe('new');
    expect(store.load().tasks).toHaveLength(1);
    store.commit([anEvent(3)], {
      machines: { put: [], drop: [machine.id] },
      tasks: { put: [], drop: [task.id] },
    });
    expect(reopened(store)).toMatchObject({ machines: [], tasks: [], seq: 3 });
  });

  it('ignores session tables', () => {
    const store = open();
    const fault = { id: 'local-agent', kind: 'local-agent', detail: '', sinceMs: 1 } as const;
    store.commit([anEvent(1)], { faults: { put: [fault], drop: [] } });
    expect(Object.keys(reopened(store)).sort()).toEqual(['agents', 'machines', 'seq', 'settings', 'tasks']);
  });

  it('takes an empty commit without moving the seq', () => {
    const store = open();
    store.commit([anEvent(5)], {});
    store.commit([], {});
    expect(reopened(store).seq).toBe(5);
  });

  it('keeps any text byte for byte', () => {
    const note = `'); DROP TABLE tasks; --\u0000\u202e é 漢字 😀 ${'x'.repeat(2000)}`;
    const store = open();
    store.commit([anEvent(1)], { machines: { put: [{ ...machine, note }], drop: [] } });
    expect(reopened(store).machines[0]?.note).toBe(note);
  });
}
