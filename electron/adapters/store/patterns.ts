// Rows of a table are alike: the same keys, and mostly the same values. A row that was seen is a pattern for those to come: of
// each the thread of the store (finder.ts) sends only the values that are others, and the thread of the loop (maker.ts) makes the
// row of the last one of its pattern. What rows have in common is thus read, looked at and kept once.
//
// What crosses is a list of JSON, an entry after the other: `null, id, row` as it is; `[sample, places, idPlaces]` tells of a
// pattern and what varies in it; `n` is a row of the n-th that was told. What such rows say crosses beside it, all values of
// one place in one text: for each pattern, in the order of their first rows there, the ids and then the places that vary.

/** Of rows that were read together. */
export type Said = {
  readonly text: string;
  /**
   * In JSON, and mostly it need not be parsed: texts without escapes one after the other (`"a""b"`), of all others a list.
   */
  readonly columns: readonly string[];
};

export type Nested = Record<string, unknown>;

export function isNested(value: unknown): value is Nested {
  return typeof value === 'object' && value !== null;
}

/** A row as its values and the text around them. Places are counted in this order, on both sides. */
export type Leaves = {
  /** One more than values: the last is what follows the last value. */
  readonly around: string[];
  readonly values: string[];
};

export function leavesOf(row: unknown): Leaves {
  const leaves: Leaves = { around: [], values: [] };
  const end = walk(row, '', leaves);
  leaves.around.push(end);
  return leaves;
}

/** `before`: the text since the last value; returned is that after it. */
function walk(value: unknown, before: string, leaves: Leaves): string {
  if (!isNested(value)) {
    leaves.around.push(before);
    leaves.values.push(JSON.stringify(value));
    return '';
  }
  const isList = Array.isArray(value);
  let text = `${before}${isList ? '[' : '{'}`;
  let sign = '';
  for (const name of Object.keys(value)) {
    text = walk(value[name], `${text}${sign}${isList ? '' : `${JSON.stringify(name)}:`}`, leaves);
    sign = ',';
  }
  return `${text}${isList ? ']' : '}'}`;
}
