import { describe, expect, it } from 'vitest';
import { Groups } from '../../../../electron/core/kernel/groups.ts';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import { RowMap } from '../../../../electron/core/kernel/rows.ts';

type Row = { readonly id: string; readonly on: string };

describe('groups of rows', () => {
  it('are those of whatever rows they are asked about, also of older ones', () => {
    const random = createRandom(7);
    const some = (most: number): number => Math.floor(random() * most);
    const groups = new Groups<Row>((row) => row.on);
    const versions = [RowMap.empty<Row>()];
    for (let n = 0; n < 400; n += 1) {
      const from = versions[some(versions.length)] ?? RowMap.empty<Row>();
      const put = Array.from({ length: some(4) }, () => ({ id: `r${some(60)}`, on: `g${some(5)}` }));
      const rows = from.changed([`r${some(60)}`], put);
      versions.push(rows);
      for (const asked of [rows, from]) {
        const key = `g${some(5)}`;
        const wanted = [...asked.values()].filter((row) => row.on === key).map((row) => row.id);
        expect([...groups.idsOf(asked, key)].sort()).toEqual(wanted.sort());
      }
    }
  });
});
