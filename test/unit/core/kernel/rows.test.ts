import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import { RowMap } from '../../../../electron/core/kernel/rows.ts';

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
});
