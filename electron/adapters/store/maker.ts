// Makes rows of what is said about them (patterns.ts), for the thread that will own them. Rows have in common whatever is the same
// in one and the next of its pattern, so they must not be changed.
import type { z } from 'zod';
import { isNested, type Nested, type Said } from './patterns.ts';
import { insideOf, type Look, lookOf, type Predicate } from './shape.ts';

/** `isRight`: as the look at the whole row would say yes. */
type Take = (id: string, row: unknown, isRight: boolean) => void;

/** For the rows of one table. */
export class Maker {
  readonly #schema: z.core.$ZodType;
  readonly #look: Look;
  readonly #patterns: Pattern[] = [];

  constructor(schema: z.core.$ZodType) {
    this.#schema = schema;
    this.#look = lookOf(schema);
  }

  /** How many rows there were. Throws on what nobody says who reads a sound file. */
  makeAll({ text, columns }: Said, take: Take): number {
    const entries: unknown = JSON.parse(text);
    if (!Array.isArray(entries)) throw new Error('no list');
    const piece: Piece = { columns: new Columns(columns), begun: new Set() };
    let rows = 0;
    for (let at = 0; at < entries.length; at += 1) {
      const head: unknown = entries[at];
      if (Array.isArray(head)) {
        this.#learn(head);
        continue;
      }
      rows += 1;
      if (head === null) {
        this.#takeWhole(entries, at, take);
        at += 2;
      } else this.#makeOne(head, piece, take);
    }
    for (const pattern of piece.begun) pattern.end();
    piece.columns.end();
    return rows;
  }

  #learn([sample, places, idPlaces]: readonly unknown[]): void {
    const told = { sample, places, idPlaces } as Told;
    this.#patterns.push(new Pattern(this.#schema, told));
  }

  #takeWhole(entries: readonly unknown[], at: number, take: Take): void {
    if (at + 2 >= entries.length) throw new Error('a row that ends early');
    const [id, row] = [entries[at + 1], entries[at + 2]];
    if (typeof id !== 'string') throw new Error('an id that is no text');
    take(id, row, this.#look(row));
  }

  #makeOne(number: unknown, { columns, begun }: Piece, take: Take): void {
    const pattern = typeof number === 'number' ? this.#patterns[number] : undefined;
    if (!pattern) throw new Error('a row of no known pattern');
    if (!begun.has(pattern)) {
      pattern.begin(columns);
      begun.add(pattern);
    }
    const row = pattern.next();
    take(pattern.id, row, pattern.isRight || this.#look(row));
  }
}

/** What was said together. */
type Piece = { readonly columns: Columns; readonly begun: Set<Pattern> };

class Columns {
  readonly #columns: readonly string[];
  #next = 0;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
  }

  take(count: number): (readonly unknown[])[] {
    const some = this.#columns.slice(this.#next, this.#next + count);
    if (some.length < count) throw new Error('values that are not there');
    this.#next += count;
    return some.map(valuesOf);
  }

  end(): void {
    if (this.#next !== this.#columns.length) throw new Error('values of no row');
  }
}

function valuesOf(column: string): readonly unknown[] {
  if (column.startsWith('"')) return textsOf(column);
  const values: unknown = JSON.parse(column);
  if (!Array.isArray(values)) throw new Error('no list of values');
  return values;
}

/** `"a""b"`. None of them has a quote in it, so two are always the end of one and the begin of the next. Quicker than to parse. */
function textsOf(column: string): readonly string[] {
  return column.slice(1, -1).split('""');
}

type Told = {
  readonly sample: Nested;
  readonly places: readonly number[];
  readonly idPlaces: readonly number[];
};

/** Of the sample what varies, and what that lies in. `predicates`: what its schema says of it as a whole. */
type Varying = {
  readonly sample: Nested;
  readonly copy: Copy;
  readonly parts: readonly Part[];
  readonly predicates: readonly Predicate[];
  /** Of the last row, and what its parts were. */
  made: Nested;
  readonly values: unknown[];
};
/** `column`: which one it takes its values from; the first has the ids of the rows. */
type Part = { readonly name: string } & (
  | { readonly column: number; readonly within: null }
  | { readonly column: null; readonly within: Varying }
);

class Pattern {
  readonly #row: Varying;
  readonly #looks: readonly (ReadonlySet<Look> | undefined)[];
  readonly #count: number;
  #columns: readonly (readonly unknown[])[] = [];
  #at = 0;
  /** The sample is right, and nothing was met yet that its parts do not say: what rows have in common is right. */
  #isSound: boolean;
  /** Of the last row. */
  id = '';
  isRight = false;

  constructor(schema: z.core.$ZodType, { sample, places, idPlaces }: Told) {
    this.#count = 1 + places.length;
    const columns = new Map<number, number>();
    for (const [at, place] of places.entries()) columns.set(place, at + 1);
    for (const place of idPlaces) columns.set(place, 0);
    const finding = new Finding(columns);
    this.#row = finding.varyingIn(sample, schema);
    this.#looks = finding.looks;
    this.#isSound = lookOf(schema)(sample);
  }

  /** Of its rows in one piece: all are right when the sample is and all that is said of them. */
  begin(columns: Columns): void {
    this.#columns = columns.take(this.#count);
    const [ids] = this.#columns;
    if (this.#columns.some((column) => column.length !== ids?.length))
      throw new Error('values that end early');
    this.#at = -1;
    this.isRight = this.#isSound && this.#columns.every((column, at) => this.#isRightColumn(column, at));
  }

  #isRightColumn(column: readonly unknown[], at: number): boolean {
    for (const look of this.#looks[at] ?? []) {
      for (let row = 0; row < column.length; row += 1) if (!look(column[row])) return false;
    }
    return true;
  }

  next(): Nested {
    this.#at += 1;
    const ids = this.#columns[0] ?? [];
    if (this.#at >= ids.length) throw new Error('a row that ends early');
    const id = ids[this.#at];
    if (typeof id !== 'string') throw new Error('an id that is no text');
    this.id = id;
    return this.#renew(this.#row);
  }

  end(): void {
    if (this.#at + 1 !== this.#columns[0]?.length) throw new Error('values of no row');
    this.#columns = [];
  }

  /** A copy of the sample: a copy of what was copied is another kind of object to the engine, and soon there were too many. */
  #renew(one: Varying): Nested {
    const { parts, values } = one;
    let isAnother = false;
    for (let at = 0; at < parts.length; at += 1) {
      const { column, within } = parts[at] as Part;
      const value = within ? this.#renew(within) : this.#columns[column]?.[this.#at];
      if (value === values[at]) continue;
      values[at] = value;
      isAnother = true;
    }
    if (!isAnother) return one.made;
    const made = one.copy(one.sample);
    for (let at = 0; at < parts.length; at += 1) made[(parts[at] as Part).name] = values[at];
    one.made = made;
    for (const holds of one.predicates) if (this.#isSound && holds(made) !== true) this.#isSound = false;
    this.isRight &&= this.#isSound;
    return made;
  }
}

const no: Look = () => false;

/** Values are counted as in `leavesOf`. */
class Finding {
  readonly #columns: ReadonlyMap<number, number>;
  /** What is to be right of each column. Most places of an id ask the same. */
  readonly looks: Set<Look>[] = [];
  #at = 0;

  constructor(columns: ReadonlyMap<number, number>) {
    this.#columns = columns;
  }

  /** What a schema says nothing about is never right here, as soon as it is another. */
  varyingIn(sample: Nested, schema: z.core.$ZodType | null): Varying {
    const inside = schema && insideOf(schema, sample);
    const parts: Part[] = [];
    for (const name of Object.keys(sample)) {
      const part = sample[name];
      const partSchema = inside?.partOf(name) ?? null;
      if (isNested(part)) {
        const within = this.varyingIn(part, partSchema);
        if (within.parts.length > 0) parts.push({ name, within, column: null });
      } else {
        const column = this.#columns.get(this.#at);
        if (column !== undefined) {
          const look = partSchema ? lookOf(partSchema) : no;
          parts.push({ name, within: null, column });
          this.#lookAt(column, look);
        }
        this.#at += 1;
      }
    }
    const values = parts.map(({ name }) => sample[name]);
    const copy = parts.length > 0 ? copierOf(sample) : copyAny;
    return { sample, copy, parts, predicates: inside?.predicates ?? [], made: sample, values };
  }

  #lookAt(column: number, look: Look): void {
    const looks = this.looks[column] ?? new Set();
    this.looks[column] = looks.add(look);
  }
}

type Copy = (value: Nested) => Nested;

/**
 * All the same, and yet not: the engine remembers for each of these places which keys came by, and copies objects with the same
 * few keys ten times as quickly as those with any.
 */
const copiers: readonly Copy[] = [
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
  (value) => ({ ...value }),
];
const copierOfKeys = new Map<string, Copy>();
const mostKnown = 1000;

function copierOf(value: Nested): Copy {
  if (Array.isArray(value)) return copyList;
  const keys = Object.keys(value).join();
  const copier = copierOfKeys.get(keys) ?? copiers[copierOfKeys.size % copiers.length] ?? copyAny;
  if (copierOfKeys.size < mostKnown) copierOfKeys.set(keys, copier);
  return copier;
}

function copyList(value: Nested): Nested {
  return (value as unknown as unknown[]).slice() as unknown as Nested;
}

function copyAny(value: Nested): Nested {
  return { ...value };
}
