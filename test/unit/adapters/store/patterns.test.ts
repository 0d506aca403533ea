import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemas } from '../../../../electron/adapters/store/assembly.ts';
import { Finder } from '../../../../electron/adapters/store/finder.ts';
import { Maker } from '../../../../electron/adapters/store/maker.ts';
import type { Said } from '../../../../electron/adapters/store/patterns.ts';
import { lookOf } from '../../../../electron/adapters/store/shape.ts';
import { durableTables } from '../../../../electron/contract/tables.ts';
import { valuesOf } from '../../../support/values-of.ts';

type Row = readonly [id: string, json: string];

/** What crosses between the threads for these rows. */
function said(rows: readonly Row[], finder = new Finder()): Said {
  for (const [id, json] of rows) finder.add(JSON.stringify(id), json);
  return finder.take();
}

function made(said: Said, maker = new Maker(z.unknown())): [id: string, row: unknown][] {
  const rows: [string, unknown][] = [];
  expect(maker.makeAll(said, (id, row) => rows.push([id, row]))).toBe(rows.length);
  return rows;
}

const parsed = (rows: readonly Row[]): [string, unknown][] =>
  rows.map(([id, json]) => [id, JSON.parse(json)]);
const across = (rows: readonly Row[]): [string, unknown][] => made(said(rows));

const id = fc.constantFrom('t-1', 't-2', 'm-1', 'with "quotes" and \\', '');
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1.5, 1e300, 't-1', 't-2', 'm-1', 'a longer text', ''),
  fc.constantFrom<unknown>(
    '\\',
    '"',
    'a"b',
    'ends in \\',
    'with, commas]}',
    '[1,2]',
    '{"a":1}',
    '\u2028 é 日本',
    '^(a|b).*+?[c]{2}$ /-',
  ),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'with "quotes"', '1', '$&.*');
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map(objectOf),
  ),
}));

/** With `__proto__` as a key like any other, as JSON has it. */
function objectOf(entries: readonly (readonly [string, unknown])[]): unknown {
  const texts = new Map(
    entries.map(([name, value]) => [name, `${JSON.stringify(name)}:${JSON.stringify(value)}`]),
  );
  return JSON.parse(`{${[...texts.values()].join(',')}}`);
}

/** Of two or three kinds, so that most of them have a pattern. */
const alike = fc
  .record({
    id,
    a: leaf,
    b: leaf,
    list: fc.array(fc.record({ x: leaf, y: leaf }), { maxLength: 2 }),
    more: anything,
  })
  .map((row): Row => [row.id, JSON.stringify(row)]);
const any = fc.tuple(
  id,
  anything.map((value) => JSON.stringify(value)),
);

describe('rows that cross by their patterns', () => {
  it('are what they were, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(alike, any), { maxLength: 40 }), (rows) => {
        expect(across(rows)).toEqual(parsed(rows));
      }),
      { numRuns: 500 },
    );
  });

  it('are what they were in the pieces that follow too', () => {
    fc.assert(
      fc.property(fc.array(fc.array(alike, { maxLength: 6 }), { maxLength: 6 }), (pieces) => {
        const [finder, maker] = [new Finder(), new Maker(z.unknown())];
        for (const rows of pieces) expect(made(said(rows, finder), maker)).toEqual(parsed(rows));
      }),
      { numRuns: 300 },
    );
  });

  it('stay what they were when the next are made of them', () => {
    const rows = Array.from({ length: 20 }, (_, n): Row => {
      const row = { id: `t-${n}`, list: [{ of: `t-${n}`, n }], state: n % 3 ? 'one' : 'other' };
      return [row.id, JSON.stringify(row)];
    });
    const all = across(rows);
    expect(all).toEqual(parsed(rows));
  });

  it.each([
    ['a key twice', '{"id":"t-1","a":1,"a":2}'],
    ['spaces', '{ "id":"t-1", "a":1 }'],
    ['a number written otherwise', '{"id":"t-1","a":1e2}'],
    ['escapes that need none', '{"id":"t-1","a":"\\u0041"}'],
    ['a list', '["t-1"]'],
    ['a text', '"t-1"'],
  ])('are what they were with %s', (_, json) => {
    const rows: Row[] = [
      ['t-1', '{"id":"t-1","a":"x"}'],
      ['t-1', json],
      ['t-2', '{"id":"t-2","a":"y"}'],
      ['t-1', json],
    ];
    expect(across(rows)).toEqual(parsed(rows));
  });
});

describe('what crosses', () => {
  const rowOf = (n: number, more: object = {}): Row => {
    const row = { id: `t-${n}`, of: `t-${n}`, command: { value: 'echo', list: ['x'] }, at: n, ...more };
    return [row.id, JSON.stringify(row)];
  };

  it('is of a row like others its id and what varies', () => {
    const [finder, maker] = [new Finder(), new Maker(z.unknown())];
    made(said([rowOf(1), rowOf(2)], finder), maker);
    const more = said([rowOf(3), rowOf(4)], finder);
    expect(more).toEqual({ text: '[1,1]', columns: ['"t-3""t-4"', '[3,4]'] });
    expect(made(more, maker)).toEqual(parsed([rowOf(3), rowOf(4)]));
  });

  it.each(['of no row', 'with \\ and "', 'é 日本', ''])('may be any text: %j', (text) => {
    const rows = [1, 2, 3].map(
      (n): Row => [`t-${n}`, JSON.stringify({ id: `t-${n}`, text: n === 2 ? text : '' })],
    );
    expect(across(rows)).toEqual(parsed(rows));
  });

  it.each([
    ['longer than what is looked at', (n: number) => ({ text: 'a^b.'.repeat(5000), n })],
    ['that vary in more places than are kept apart', (n: number) => ({ list: Array(101).fill(n) })],
  ])('is a row as a whole of rows %s', (_, moreOf) => {
    const rows = [1, 2, 3, 4].map((n) => rowOf(n, moreOf(n)));
    const { text, columns } = said(rows);
    expect(columns).toEqual([]);
    for (const [, json] of rows) expect(text).toContain(json);
    expect(across(rows)).toEqual(parsed(rows));
  });

  it('makes rows that have in common what is the same', () => {
    const [, second, third] = across([rowOf(1), rowOf(2), rowOf(3)]).map(
      ([, row]) => row as { command: object },
    );
    expect(second?.command).toEqual({ value: 'echo', list: ['x'] });
    expect(third?.command).toBe(second?.command);
  });

  it('does not grow with rows of ever more kinds beyond what they are', () => {
    const rows = Array.from({ length: 200 }, (_, n) => rowOf(n, { [`key${n}`]: n }));
    const lengthOf = (some: readonly Row[]): number => some.reduce((sum, [, json]) => sum + json.length, 0);
    const finder = new Finder();
    said(rows.slice(0, 100), finder);
    const { text, columns } = said(rows.slice(100), finder);
    expect(columns).toEqual([]);
    expect(text.length).toBeLessThan(lengthOf(rows.slice(100)) + 100 * 20);
    expect(across(rows)).toEqual(parsed(rows));
  });
});

describe('what no sound file says', () => {
  const told = '[{"a":1},[0],[]]';
  it.each<[string, string, readonly string[], RegExp]>([
    ['no list', '{}', [], /no list/],
    ['a row cut short', '[null,"t-1"]', [], /ends early/],
    ['an id that is no text', '[null,1,{}]', [], /no text/],
    ['such an id of a row by a pattern', `[${told},0]`, ['[1]', '[2]'], /no text/],
    ['a pattern nobody told of', '[0]', ['"t-1"'], /no known pattern/],
    ['a mark that is none', `[${told},"0"]`, ['"t-1"', '[2]'], /no known pattern/],
    ['a place without values', `[${told},0]`, ['"t-1"'], /not there/],
    ['fewer values than rows', `[${told},0,0]`, ['"t-1""t-2"', '[2]'], /end early/],
    ['fewer ids than rows', `[${told},0,0]`, ['"t-1"', '[2]'], /ends early/],
    ['more ids than rows', `[${told},0]`, ['"t-1""t-2"', '[2,3]'], /of no row/],
    ['values of no row', `[${told},0]`, ['"t-1"', '[2]', '[3]'], /of no row/],
    ['values that are no list', `[${told},0]`, ['"t-1"', '2'], /no list/],
    ['something beside a row', '[null,"t-1",{},"x"]', [], /no known pattern/],
  ])('is refused: %s', (_, text, columns, why) => {
    expect(() => new Maker(z.unknown()).makeAll({ text, columns }, () => undefined)).toThrow(why);
  });

  it('is not made good: a row that is no JSON is none on the other side either', () => {
    for (const bad of [
      '{"id":"t-3","a":tru}',
      '{"id":"t-3","a":}',
      '{"id":"t-3","a":"x}',
      '{"id":"t-3","a":1 2}',
      '{"id":"t-3","a":"x\ny"}',
      '{"id":"t-3","a":"\u0000"}',
      '{"id":"t-3","a":"\\x"}',
      '{',
      '',
    ]) {
      const rows: Row[] = [
        ['t-1', '{"id":"t-1","a":"x"}'],
        ['t-2', '{"id":"t-2","a":"y"}'],
        ['t-3', bad],
      ];
      expect(() => made(said(rows)), bad).toThrow(SyntaxError);
    }
  });
});

describe('whether a row is right', () => {
  /** Values of one kind, with one of another in the place of some leaf here and there. */
  const odd = fc.constantFrom<unknown>(null, '', 'x', -1, 0.5, 1e300, true, 'TASK_RUNNING', 'm-1');
  type Change = { readonly at: number; readonly other: unknown };
  const changes = fc.array(fc.option(fc.record({ at: fc.nat(40), other: odd }), { freq: 2 }), {
    minLength: 1,
    maxLength: 12,
  });

  /** The n-th leaf, where there are so many, is another one. */
  function withChange(row: unknown, change: Change | null): unknown {
    if (!change) return row;
    let left = change.at;
    return JSON.parse(JSON.stringify(row), (_, value: unknown) => {
      if (typeof value === 'object' && value !== null) return value;
      left -= 1;
      return left === -1 ? change.other : value;
    });
  }

  it.each(durableTables)('of %s is what the look at the whole row says', (table) => {
    const look = lookOf(schemas[table]);
    let right = 0;
    fc.assert(
      fc.property(valuesOf(schemas[table]), changes, (first, list) => {
        const values = [first, first, ...list.map((change) => withChange(first, change)), first];
        const rows = values.map((value, n): Row => [`t-${n}`, JSON.stringify(value)]);
        let at = 0;
        new Maker(schemas[table]).makeAll(said(rows), (_, row, isRight) => {
          expect(row).toEqual(JSON.parse(rows[at]?.[1] ?? ''));
          expect(isRight).toBe(look(row));
          if (isRight) right += 1;
          at += 1;
        });
        expect(at).toBe(rows.length);
      }),
      { numRuns: 60 },
    );
    // Frameworks hold maps by role, of which the look knows nothing.
    expect(right > 20).toBe(table !== 'frameworks');
  });

  it('holds a part against what its schema says of it as a whole', () => {
    const schema = z.object({
      id: z.string(),
      part: z.object({ a: z.number(), b: z.number() }).refine(({ a, b }) => a < b),
    });
    const rows = [1, 2, 9, 3].map(
      (a): Row => [`t-${a}`, JSON.stringify({ id: `t-${a}`, part: { a, b: 5 } })],
    );
    const answers: boolean[] = [];
    new Maker(schema).makeAll(said(rows), (_, __, isRight) => answers.push(isRight));
    expect(answers).toEqual([true, true, false, true]);
  });
});
