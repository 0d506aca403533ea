import { describe, expect, it } from 'vitest';
import {
  applyDiff,
  byId,
  diffOf,
  durablePart,
  emptyTables,
  isEmpty,
  isSame,
  squash,
  TableTx,
} from '../../../../electron/core/kernel/tables.ts';
import { aMachine, aSample, machineId } from '../../../support/builders.ts';

const one = aMachine('one');
const two = aMachine('two');
const base = applyDiff(emptyTables, { machines: { put: [one], drop: [] } });

describe('a transaction over tables', () => {
  it('reads what it wrote, and the tables before it stay as they were', () => {
    const tx = new TableTx(base);
    tx.put('machines', two);
    tx.drop('machines', one.id);
    expect(tx.get('machines', two.id)).toBe(two);
    expect(tx.get('machines', one.id)).toBeUndefined();
    expect([...tx.rows('machines')]).toEqual([two]);
    expect([...base.machines.keys()]).toEqual([one.id]);
  });

  it('yields the diff that leads from the old tables to the new', () => {
    const tx = new TableTx(base);
    tx.put('machines', two);
    tx.drop('machines', one.id);
    const { tables, diff } = tx.finish();
    expect(diff).toEqual({ machines: { put: [two], drop: [one.id] } });
    expect(applyDiff(base, diff)).toEqual(tables);
  });

  it('leaves out what came and went, and what was put unchanged', () => {
    const tx = new TableTx(base);
    tx.put('machines', one);
    tx.put('machines', two);
    tx.drop('machines', two.id);
    tx.drop('machines', 'm-nobody');
    const { tables, diff } = tx.finish();
    expect(isEmpty(diff)).toBe(true);
    expect(tables).toEqual(base);
  });

  it('knows which tables it has touched, and which may have rows', () => {
    const tx = new TableTx(base);
    tx.put('machines', one);
    tx.drop('links', 'm-nobody');
    expect(tx.touches('machines')).toBe(false);
    expect([tx.hasRows('machines'), tx.hasRows('links')]).toEqual([true, false]);
    tx.put('machines', two);
    expect([tx.touches('machines'), tx.touches('links')]).toEqual([true, false]);
  });

  it('gives a row back as it was when nothing of it has changed in the end', () => {
    const tx = new TableTx(base);
    tx.drop('machines', one.id);
    tx.put('machines', one);
    expect(tx.changed('machines')).toEqual([{ id: one.id, before: one, now: one, met: one }]);
    expect(isEmpty(tx.finish().diff)).toBe(true);
  });

  it('may be written while it is walked', () => {
    const tx = new TableTx(base);
    tx.put('machines', two);
    for (const row of tx.rows('machines')) tx.put('machines', { ...row, note: 'seen' });
    expect([...tx.rows('machines')].map((row) => row.note)).toEqual(['seen', 'seen']);
  });
});

describe('diffs', () => {
  it('squash to one with the effect of all', () => {
    const changed = { ...one, note: 'later' };
    const diffs = [
      { machines: { put: [two], drop: [] } },
      { machines: { put: [changed], drop: [two.id] } },
      { machines: { put: [], drop: [one.id] } },
      { machines: { put: [one], drop: [] } },
    ];
    const stepwise = diffs.reduce(applyDiff, base);
    expect(applyDiff(base, squash(diffs))).toEqual(stepwise);
  });

  it('compare by content, so that a reload equals the memory', () => {
    const reloaded = applyDiff(emptyTables, { machines: { put: [structuredClone(one)], drop: [] } });
    expect(isEmpty(diffOf(base, reloaded))).toBe(true);
    const other = applyDiff(base, { machines: { put: [two], drop: [one.id] } });
    expect(diffOf(base, other)).toEqual({ machines: { put: [two], drop: [one.id] } });
  });

  it('keep only durable tables for the disk', () => {
    const samples = { put: [{ id: machineId('one'), sample: aSample(), receivedAtMs: 1 }], drop: [] };
    expect(durablePart({ samples })).toEqual({});
    expect(durablePart({ samples, machines: { put: [one], drop: [] } })).toEqual({
      machines: { put: [one], drop: [] },
    });
  });
});

describe('isSame', () => {
  it.each([
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }, true],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, false],
    [[1, 2], [1, 2, 3], false],
    [[], {}, false],
    [null, {}, false],
    ['1', 1, false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(isSame(a, b)).toBe(expected);
  });
});

it('byId sorts whatever the order of arrival', () => {
  expect(byId([two, one]).map((row) => row.id)).toEqual([one.id, two.id].sort());
});
