// Finds the pattern of a row in its text, for the thread that reads the file: nothing is parsed, known text is compared and what
// varies is cut out.
import { isNested, leavesOf, type Said } from './patterns.ts';

/** More are not tried: other rows cross as they are. */
const mostPatterns = 32;
/** A pattern is told anew each time it is found to vary in one more place. */
const mostTold = 500;

/**
 * Longer rows, and those that vary in more places, cross as they are. What rows are compared with is made anew each time a pattern is
 * told: 0.6 ms for 2 KB, 8 ms for so much; the engine refuses it at some 64 KB with 640 places.
 */
const mostLooked = 16 * 1024;
const mostPlaces = 100;

/** What means something else in a pattern than itself. */
const signs = /[\\^$.*+?()[\]{}|]/g;
/** As `endOfValue` finds it: a text, or a number or word. */
const anyValue = String.raw`("[^"\\]*(?:\\[^][^"\\]*)*"|[^"[{,\]}][^,\]}]*)`;

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
    if (sample.length > mostLooked) return null;
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
  /** The whole row, with a group for each place that varies and one for the first that is the id; null: not made yet. */
  #whole: RegExp | null = null;
  /** Of those groups the one of the id; 0: the row does not say it. */
  #idGroup = 0;
  /** Of the row that was found to fit last. */
  #found: readonly string[] = [];

  constructor(sample: string, id: string, row: object) {
    this.sample = sample;
    this.#id = id;
    const { around, values } = leavesOf(row);
    this.#around = around;
    this.#values = values;
  }

  /** By one look of the engine at the row: a comparison of each part of it, cut out as a slice, costs three times as much. */
  fits(row: string, id: string): boolean {
    this.#whole ??= this.#newWhole();
    const found = row.length <= mostLooked ? this.#whole.exec(row) : null;
    if (!found || (this.#idGroup > 0 && found[this.#idGroup] !== id)) return false;
    this.#found = found;
    return true;
  }

  /** Of the row that was found to fit last. */
  say(id: string, columns: readonly Column[]): void {
    columns[0]?.add(id);
    let group = 0;
    for (let at = 1; at < columns.length; at += 1) {
      group += 1;
      if (group === this.#idGroup) group += 1;
      columns[at]?.add(this.#found[group] ?? '');
    }
  }

  adaptTo(row: string, id: string): boolean {
    const values = this.#valuesOf(row);
    if (!values) return false;
    const [varied, ids] = [new Set(this.places), new Set<number>()];
    values.forEach((value, at) => {
      if (value === id && this.#values[at] === this.#id && !varied.has(at)) ids.add(at);
      else if (value !== this.#values[at] || this.idPlaces.includes(at)) varied.add(at);
    });
    if (varied.size + ids.size > mostPlaces) return false;
    this.places = [...varied].sort((a, b) => a - b);
    this.idPlaces = [...ids];
    this.#whole = null;
    return true;
  }

  #newWhole(): RegExp {
    this.#idGroup = 0;
    const [varied, ids] = [new Set(this.places), new Set(this.idPlaces)];
    let source = '';
    let groups = 0;
    this.#around.forEach((around, at) => {
      source += around.replace(signs, '\\$&');
      const isId = ids.has(at);
      if (isId && this.#idGroup > 0) source += `\\${this.#idGroup}`;
      else if (isId || varied.has(at)) {
        groups += 1;
        source += anyValue;
        if (isId) this.#idGroup = groups;
      } else source += (this.#values[at] ?? '').replace(signs, '\\$&');
    });
    return new RegExp(`^${source}$`);
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
