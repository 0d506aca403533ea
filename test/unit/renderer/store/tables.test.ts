// @vitest-environment node
// Snapshot and patches give the master's tables, whatever the order of changes; untouched tables keep their identity.
import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import type { FaultRecord } from '../../../../electron/contract/operation.ts';
import { applyPatch, applySnapshot, tableStore } from '../../../../renderer/store/tables.ts';
import { FakeTables } from '../../../support/fake-bridge/tables.ts';

const aFault = (id: string, detail: string): FaultRecord => ({
  id,
  kind: 'store-failed',
  detail,
  sinceMs: 1,
});

beforeEach(() => applySnapshot(new FakeTables().snapshot()));

it('equals the master after any run of puts and drops', () => {
  const change = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    detail: fc.string(),
    drops: fc.boolean(),
    flush: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const master = new FakeTables();
      applySnapshot(master.snapshot());
      for (const { id, detail, drops, flush } of changes) {
        if (drops) master.drop('faults', id);
        else master.put('faults', aFault(id, detail));
        if (!flush) continue;
        const patch = master.takePatch();
        if (patch !== null) applyPatch(patch);
      }
      const last = master.takePatch();
      if (last !== null) applyPatch(last);
      const { tables, seq } = tableStore.getState();
      const here = [...tables.faults.values()].toSorted((a, b) => a.id.localeCompare(b.id));
      expect(here).toEqual(master.all('faults').toSorted((a, b) => a.id.localeCompare(b.id)));
      expect(seq).toBe(master.snapshot().seq);
    }),
  );
});

it('leaves tables that a patch does not name as they are', () => {
  const before = tableStore.getState().tables;
  applyPatch({ from: 1, to: 2, diff: { faults: { put: [aFault('x', '')], drop: [] } } });
  const { tables } = tableStore.getState();
  expect(tables.faults).not.toBe(before.faults);
  expect(tables.machines).toBe(before.machines);
  expect(tables.tasks).toBe(before.tasks);
});
