import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import { newSeries, RowMap } from '../../../../electron/core/kernel/rows.ts';

type Row = { readonly id: string; readonly n: number };
const sorted = (rows: Iterable<Row>): Row[] => [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));

describe('the rows of a table', () => {
  it('behave like a map through any changes, and older ones stay as they were', () => {
    const random = createRandom(1);
    const model = new Map<string, Row>();
    let rows = RowMap.empty<Row>();
    const older: { readonly rows: RowMap<Row>; readonly expected: Row[] }[] = [];
    for (let n = 0; n < 500; n += 1) {
      const drop = Array.from({ length: Math.floor(random() * 3) }, () => `id-${Math.floor(random() * 200)}`);
      const put = Array.from({ length: Math.floor(random() * 4) }, () => ({
        id: `id-${Math.floor(random() * 200)}`,
        n,
      }));
      for (const id of drop) model.delete(id);
      for (const row of put) model.set(row.id, row);
      rows = rows.changed(drop, put);
      expect(rows.size).toBe(model.size);
      if (n % 50 === 0) older.push({ rows, expected: sorted(model.values()) });
    }
    expect(sorted(rows.values())).toEqual(sorted(model.values()));
    for (const each of older) expect(sorted(each.rows.values())).toEqual(each.expected);
    for (const [id, row] of rows) expect([rows.has(id), rows.get(id)]).toEqual([true, row]);
    expect([rows.has('nobody'), rows.get('nobody')]).toEqual([false, undefined]);
  });

  it('are walked by every means a map has', () => {
    const rows = RowMap.of<Row>([
      { id: 'a', n: 1 },
      { id: 'b', n: 2 },
    ]);
    const seen: string[] = [];
    rows.forEach((row, id) => seen.push(`${id}${row.n}`));
    expect(seen.sort()).toEqual(['a1', 'b2']);
    expect([...rows.keys()].sort()).toEqual(['a', 'b']);
    expect([...rows.entries()]).toEqual([...rows]);
  });

  it.each([0, 1, 63, 64, 65, 1000, 5000])('are the same made at once or one after the other: %i', (count) => {
    const random = createRandom(count);
    const all = Array.from({ length: count }, (_, n): Row => ({ id: `id-${n}-${random()}`, n }));
    const atOnce = RowMap.of<Row>(all);
    const oneByOne = RowMap.empty<Row>().changed([], all);
    expect(atOnce.size).toBe(count);
    expect([...atOnce]).toEqual([...oneByOne]);
    expect(all.every((row) => atOnce.get(row.id) === row)).toBe(true);
    // Nothing may be changed in place of what was made at once.
    const before = [...atOnce];
    const changed = atOnce.changed(
      all.slice(0, 10).map(({ id }) => id),
      [{ id: 'new', n: -1 }],
    );
    expect([...atOnce]).toEqual(before);
    expect(changed.size).toBe(Math.max(0, count - 10) + 1);
  });

  it('made at once of an id that is there twice have the later row', () => {
    const all = Array.from({ length: 500 }, (_, n): Row => ({ id: `id-${n % 400}`, n }));
    const rows = RowMap.of<Row>(all);
    expect(rows.size).toBe(400);
    expect([rows.get('id-3')?.n, rows.get('id-103')?.n]).toEqual([403, 103]);
  });

  it('through one series of changes end as through others, and those before it stay as they were', () => {
    const random = createRandom(7);
    const before = RowMap.of<Row>(Array.from({ length: 300 }, (_, n) => ({ id: `id-${n}`, n })));
    const expected = [...before];
    const series = newSeries();
    let [one, other] = [before, before];
    for (let n = 0; n < 600; n += 1) {
      const id = `id-${Math.floor(random() * 500)}`;
      if (random() < 0.4) {
        one = one.without(id, series);
        other = other.without(id);
      } else {
        one = one.with(id, { id, n }, series);
        other = other.with(id, { id, n });
      }
      expect(one.size).toBe(other.size);
      expect(one.get(id)).toEqual(other.get(id));
    }
    expect(sorted(one.values())).toEqual(sorted(other.values()));
    expect([...before]).toEqual(expected);
  });

  it('know what is due, and when the next is', () => {
    const random = createRandom(3);
    let rows = RowMap.empty<{ readonly at: number | null }>(({ at }) => at);
    const model = new Map<string, number | null>();
    for (let n = 0; n < 1000; n += 1) {
      const id = `id-${Math.floor(random() * 150)}`;
      const at = random() < 0.2 ? null : Math.floor(random() * 1000);
      if (random() < 0.3) {
        model.delete(id);
        rows = rows.without(id);
      } else {
        model.set(id, at);
        rows = rows.with(id, { at });
      }
      const times = [...model.values()].filter((each) => each !== null);
      expect(rows.earliest()).toBe(times.length === 0 ? null : Math.min(...times));
      const now = Math.floor(random() * 1000);
      const due = [...model].filter(([, each]) => each !== null && each <= now).map(([key]) => key);
      expect(
        rows
          .due(now)
          .map(([key]) => key)
          .sort(),
      ).toEqual(due.sort());
    }
  });

  it('tell what differs between any two of them', () => {
    const random = createRandom(5);
    const versions = [RowMap.empty<Row>()];
    for (let n = 0; n < 300; n += 1) {
      const from = versions[Math.floor(random() * versions.length)] ?? RowMap.empty<Row>();
      const put = Array.from({ length: Math.floor(random() * 9) }, () => ({
        id: `id-${Math.floor(random() * 90)}`,
        n,
      }));
      const drop = Array.from({ length: Math.floor(random() * 9) }, () => `id-${Math.floor(random() * 90)}`);
      const rows = from.changed(drop, put);
      versions.push(rows);
      const other = versions[Math.floor(random() * versions.length)] ?? from;
      const ids = new Set([...rows.keys(), ...other.keys()]);
      const wanted = [...ids].filter((id) => rows.get(id) !== other.get(id));
      const changes = rows.changedSince(other);
      expect(changes.map(([id]) => id).sort()).toEqual(wanted.sort());
      for (const [id, then, now] of changes) expect([then, now]).toEqual([other.get(id), rows.get(id)]);
    }
  });
});
