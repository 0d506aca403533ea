import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharing } from '../../../../electron/adapters/store/sharing.ts';

const copyOf = <V>(value: V): V => JSON.parse(JSON.stringify(value)) as V;
const key = fc.constantFrom('a', 'b', 'c');
/** Small, so that two of them often have much in common. */
const { value: someValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, 0, 1, 1.5, '', 'x', 'a longer text', true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
  ),
}));

describe('what a row shares with the one before', () => {
  it('leaves both as they were, whatever they are', () => {
    fc.assert(
      fc.property(someValue, someValue, (then, now) => {
        const [before, made] = [copyOf(then), copyOf(now)];
        expect(sharing(before, made)).toEqual(now);
        expect(before).toEqual(then);
      }),
      { numRuns: 1000 },
    );
  });

  it('is every part that is the same at the same place', () => {
    const row = {
      id: 'one',
      command: { value: 'echo', arguments: ['x'] },
      labels: [{ key: 'a', value: 'b' }],
    };
    const then = copyOf(row);
    const now = copyOf({ ...row, id: 'two', labels: [{ key: 'a', value: 'c' }] });
    const shared = sharing(then, now);
    expect(shared).toBe(now);
    expect(shared.command).toBe(then.command);
    expect(shared.labels).not.toBe(then.labels);
  });

  it('is all of it where all of it is the same, and nothing that has a part more or less', () => {
    const then = { list: [1, 2], one: { a: 'x' } };
    expect(sharing(then, copyOf(then))).toBe(then);
    expect(sharing(then, { list: [1], one: {} })).toEqual({ list: [1], one: {} });
    expect(sharing(then, { list: [1, 2, 3], one: { a: 'x', b: 'y' } })).toEqual({
      list: [1, 2, 3],
      one: { a: 'x', b: 'y' },
    });
    expect(sharing([], {})).toEqual({});
  });
});
