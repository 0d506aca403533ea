// Finds the pattern of a row in its text, for the thread that reads the file: nothing is parsed, known text is compared and what
// varies is cut out.
import { isNested, leavesOf, type Said } from './patterns.ts';

/** More are not tried: other rows cross as they are. */
const mostPatterns = 32;
/** A pattern is told anew each time it is found to vary in one more place. */
const mostTold = 500;

/** For the rows of one table. What they say is kept until it is taken. */
export class Finder {
  /** The one that fitted last is first. */
  readonly #patterns: Pattern[] = [];
  #told = 0;
  #entries: string[] = [];
  #columns: Column[] = [];

  /** Both in JSON. */
  add(id: string, row: string): void {
    const fitting = this.#fitting(row, id) ?? this.#adapted(row, id);
    if (fitting) {
      this.#entries.push(String(fitting.number));
      fitting.columns ??= this.#newColumns(fitting);
      fitting.say(id, fitting.columns);
    } else {
      this.#entries.push('null', id, row);
      if (this.#patterns.length < mostPatterns && this.#told < mostTold) this.#learn(row, id);
    }
  }

  /** What was added since the last time. */
  take(): Said {
    const said = {
      text: `[${this.#entries.join(',')}]`,
      columns: this.#columns.map((column) => column.text()),
    };
    this.#entries = [];
    this.#columns = [];
    for (const pattern of this.#patterns) pattern.columns = null;
    return said;
  }

  #newColumns({ places }: Pattern): readonly Column[] {
    const columns = [null, ...places].map(() => new Column());
    this.#columns.push(...columns);
    return columns;
  }

  #fitting(row: string, id: string): Pattern | null {
    for (let at = 0; at < this.#patterns.length; at += 1) {
      const pattern = this.#patterns[at];
      if (!pattern?.fits(row, id)) continue;
      if (at > 0) this.#patterns.unshift(...this.#patterns.splice(at, 1));
      return pattern;
    }
    return null;
  }

  /** One with the same keys, that took some value for always the same. */
  #adapted(row: string, id: string): Pattern | null {
    if (this.#told >= mostTold) return null;
    const pattern = this.#patterns.find((each) => each.adaptTo(row, id));
    if (!pattern) return null;
    this.#tell(pattern);
    return pattern.fits(row, id) ? pattern : null;
  }

  #learn(row: string, id: string): void {
    const pattern = patternOf(row, id);
    if (!pattern) return;
    this.#patterns.unshift(pattern);
    this.#tell(pattern);
  }

  #tell(pattern: Pattern): void {
    pattern.number = this.#told;
    pattern.columns = null;
    this.#told += 1;
    const { sample, places, idPlaces } = pattern;
    this.#entries.push(`[${sample},${JSON.stringify(places)},${JSON.stringify(idPlaces)}]`);
  }
}

/** null: it is not written as we write, so its text says less than it seems (a key twice, another order). */
function patternOf(sample: string, id: string): Pattern | null {
  try {
    const row: unknown = JSON.parse(sample);
    return isNested(row) && JSON.stringify(row) === sample ? new Pattern(sample, id, row) : null;
  } catch {
    // Whoever makes rows of it meets it again, and says what it comes to.
    return null;
  }
}

class Pattern {
  readonly sample: string;
  readonly #id: string;
  readonly #around: readonly string[];
  readonly #values: readonly string[];
  /** Which values vary, and which are the id of the row. */
  places: number[] = [];
  idPlaces: number[] = [];
  number = -1;
  /** The ids of its rows and then a value for each place, as far as they were added since the last time. */
  columns: readonly Column[] | null = null;
  /** The text around all of those, in one piece each: it is compared again and again. */
  #fixed: readonly string[];
  #isId: readonly boolean[] = [];
  /** Of the row that was found to fit last. */
  readonly #found: string[] = [];

  constructor(sample: string, id: string, row: object) {
    this.sample = sample;
    this.#id = id;
    const { around, values } = leavesOf(row);
    this.#around = around;
    this.#values = values;
    this.#fixed = [sample];
  }

  /** Texts are compared as slices: several times as quick as `startsWith`, which goes from sign to sign. */
  fits(row: string, id: string): boolean {
    let from = 0;
    let values = 0;
    for (let at = 0; at < this.#fixed.length; at += 1) {
      const fixed = this.#fixed[at] ?? '';
      const start = from + fixed.length;
      if (row.slice(from, start) !== fixed) return false;
      if (at === this.#isId.length) return start === row.length;
      from = this.#isId[at] ? start + id.length : endOfValue(row, start);
      if (from < 0) return false;
      const value = row.slice(start, from);
      if (!this.#isId[at]) this.#found[values++] = value;
      else if (value !== id) return false;
    }
    return false;
  }

  /** Of the row that was found to fit last. */
  say(id: string, columns: readonly Column[]): void {
    columns[0]?.add(id);
    for (let at = 1; at < columns.length; at += 1) columns[at]?.add(this.#found[at - 1] ?? '');
  }

  adaptTo(row: string, id: string): boolean {
    const values = this.#valuesOf(row);
    if (!values) return false;
    const [varied, ids] = [new Set(this.places), new Set<number>()];
    values.forEach((value, at) => {
      if (value === id && this.#values[at] === this.#id && !varied.has(at)) ids.add(at);
      else if (value !== this.#values[at] || this.idPlaces.includes(at)) varied.add(at);
    });
    this.places = [...varied].sort((a, b) => a - b);
    this.idPlaces = [...ids];
    const fixed: string[][] = [[]];
    this.#around.forEach((around, at) => {
      fixed.at(-1)?.push(around);
      if (varied.has(at) || ids.has(at)) fixed.push([]);
      else fixed.at(-1)?.push(this.#values[at] ?? '');
    });
    this.#fixed = fixed.map((texts) => texts.join(''));
    this.#isId = [...values.keys()].filter((at) => varied.has(at) || ids.has(at)).map((at) => ids.has(at));
    return true;
  }

  /** All of them; null: it has other keys, or lists of another length. */
  #valuesOf(row: string): string[] | null {
    const values: string[] = [];
    let from = 0;
    for (const [at, around] of this.#around.entries()) {
      const start = from + around.length;
      if (row.slice(from, start) !== around) return null;
      if (at === this.#values.length) return start === row.length ? values : null;
      from = endOfValue(row, start);
      if (from < 0) return null;
      values.push(row.slice(start, from));
    }
    return null;
  }
}

/** What rows say at one place. */
class Column {
  readonly #values: string[] = [];
  #isOfTexts = true;

  add(value: string): void {
    this.#values.push(value);
    if (value.charCodeAt(0) !== quote) this.#isOfTexts = false;
  }

  text(): string {
    const texts = this.#isOfTexts ? this.#values.join('') : null;
    return texts !== null && !hasToBeParsed.test(texts) ? texts : `[${this.#values.join(',')}]`;
  }
}

/** An escape, or what JSON does not allow in a text: whoever parses it says so. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const hasToBeParsed = /[\\\u0000-\u001f]/;

const quote = 0x22;
const backslash = 0x5c;
/** `,` `]` and `}` */
const ends = new Set([0x2c, 0x5d, 0x7d]);
const begins = new Set([0x5b, 0x7b]);

/** Of the text, number or word that begins there; -1: something else does. Whether it is a right one shows when it is parsed. */
function endOfValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === quote) return endOfText(text, from + 1);
  if (begins.has(first)) return -1;
  let end = from;
  while (end < text.length && !ends.has(text.charCodeAt(end))) end += 1;
  // An empty list has none where another has one.
  return end > from ? end : -1;
}

function endOfText(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return -1;
}
