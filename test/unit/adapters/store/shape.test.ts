import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemas } from '../../../../electron/adapters/store/assembly.ts';
import { lookOf } from '../../../../electron/adapters/store/shape.ts';
import { durableTables } from '../../../../electron/contract/tables.ts';
import { valuesOf } from '../../../support/values-of.ts';

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
/** Of a row: what may stand where something else stood, or nothing. */
const otherwise = fc.constantFrom<unknown>(undefined, null, '', 'x', -1, 0.5, 1e300, true, [], {}, [null]);

/** A value with one place in it changed, at any depth. */
function changed(value: unknown, pick: (most: number) => number, other: unknown): unknown {
  if (typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  const at = pick(keys.length + 1);
  const key = keys[at] ?? 'unheard-of';
  const before = (value as Record<string, unknown>)[key];
  const after = pick(3) === 0 ? other : changed(before, pick, other);
  if (Array.isArray(value)) return value.map((each, n) => (n === at ? after : each));
  return { ...value, [key]: after };
}

describe('the quick look at a row', () => {
  it.each(durableTables)('says yes to %s only where the schema gives back the same', (table) => {
    const look = lookOf(schemas[table]);
    let yes = 0;
    const agrees = (value: unknown): void => {
      const parsed = schemas[table].safeParse(value);
      if (!look(value)) return;
      yes += 1;
      expect(parsed).toEqual({ success: true, data: value });
    };
    fc.assert(
      fc.property(valuesOf(schemas[table]), otherwise, fc.infiniteStream(fc.nat()), (row, other, numbers) => {
        const value = asJson(row);
        agrees(value);
        const pick = (most: number): number => (numbers.next().value as number) % most;
        for (let n = 0; n < 4; n += 1) agrees(asJson(changed(value, pick, other)));
      }),
      { numRuns: 40 },
    );
    // Else every row would be for the schema. Frameworks hold maps by role, of which the look knows nothing.
    expect(yes > 20).toBe(table !== 'frameworks');
  });

  it('says of the next value nothing that it found of the last', () => {
    const look = lookOf(z.object({ id: z.string().regex(/^t-/), part: z.object({ n: z.number() }) }));
    const part = { n: 1 };
    const row = { id: 't-1', part };
    expect([look(undefined), look(row), look(row), look({ id: 't-1', part })]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect([look({ id: 'x', part }), look({ id: 't-1', part: { n: 'x' } })]).toEqual([false, false]);
    expect([look({ part }), look({ id: undefined, part }), look({ ...row, more: 1 })]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it.each<[string, z.ZodType, unknown]>([
    ['fills in what is missing', z.object({ a: z.number().default(1) }), {}],
    ['drops what it does not know', z.object({ a: z.number() }), { a: 1, b: 2 }],
    ['changes a text', z.object({ a: z.string().trim() }), { a: ' x ' }],
    ['has a rule of its own', z.string().refine((text) => text !== 'no'), 'no'],
    ['wants more than a bound', z.number().gt(1), 1],
    ['wants whole numbers', z.number().int(), 0.5],
    ['takes lists only', z.object({}), []],
    ['wants a form', z.email(), 'nobody'],
    ['counts from the start each time', z.string().regex(/x/g), 'y'],
  ])('says no where the schema %s', (_, schema, value) => {
    const look = lookOf(schema);
    expect([look(value), look(value)]).toEqual([false, false]);
  });
});
