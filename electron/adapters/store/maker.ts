// Makes rows of what is said about them (patterns.ts), for the thread that will own them. A row takes from the last one of its
// pattern whatever is the same, so rows have parts in common and must not be changed.
import type { z } from 'zod';
import { isNested, type Nested } from './patterns.ts';
import { insideOf, type Look, lookOf, type Predicate } from './shape.ts';

/** `isRight`: as the look at the whole row would say yes. */
type Take = (id: string, row: unknown, isRight: boolean) => void;

export class Maker {
  readonly #schema: z.core.$ZodType;
  readonly #look: Look;
  readonly #patterns: Pattern[] = [];

  constructor(schema: z.core.$ZodType) {
    this.#schema = schema;
    this.#look = lookOf(schema);
  }

  /** How many rows there were. Throws on what nobody says who reads a sound file. */
  makeAll(said: readonly unknown[], take: Take): number {
    let rows = 0;
    let at = 0;
    while (at < said.length) {
      const head = said[at];
      if (Array.isArray(head)) {
        const [sample, places, idPlaces] = head;
        this.#patterns.push(new Pattern(this.#schema, { sample, places, idPlaces }));
        at += 1;
        continue;
      }
      const id = said[at + 1];
      if (typeof id !== 'string') throw new Error('an id that is no text');
      if (head === null) {
        take(id, said[at + 2], this.#look(said[at + 2]));
        at += 3;
      } else {
        const pattern = typeof head === 'number' ? this.#patterns[head] : undefined;
        if (!pattern) throw new Error('a row of no known pattern');
        const row = pattern.make(id, said, at + 2);
        take(id, row, pattern.isRight || this.#look(row));
        at += 2 + pattern.size;
      }
      rows += 1;
    }
    if (at !== said.length) throw new Error('a row that ends early');
    return rows;
  }
}

type Told = {
  readonly sample: Nested;
  readonly places: readonly number[];
  readonly idPlaces: readonly number[];
};

/** Of the sample what varies, and what that lies in. `predicates`: what its schema says of it as a whole. */
type Varying = {
  made: Nested;
  readonly copy: Copy;
  readonly parts: readonly Part[];
  readonly predicates: readonly Predicate[];
};
type Part =
  | { readonly name: string; readonly kind: 'value' | 'id'; readonly look: Look }
  | { readonly name: string; readonly kind: 'within'; readonly within: Varying };

class Pattern {
  readonly #row: Varying;
  readonly size: number;
  #said: readonly unknown[] = [];
  #at = 0;
  #id = '';
  /**
   * The last row was right: as long as all before it were, and what is another in it is right. What is as before was right
   * before. After one that was not, each is to be looked at as a whole.
   */
  isRight: boolean;

  constructor(schema: z.core.$ZodType, { sample, places, idPlaces }: Told) {
    this.size = places.length;
    const kinds = new Map<number, 'value' | 'id'>();
    for (const place of places) kinds.set(place, 'value');
    for (const place of idPlaces) kinds.set(place, 'id');
    this.#row = new Finding(kinds).varyingIn(sample, schema);
    this.isRight = lookOf(schema)(sample);
  }

  make(id: string, said: readonly unknown[], from: number): Nested {
    this.#said = said;
    this.#at = from;
    this.#id = id;
    return this.#renew(this.#row);
  }

  #renew(one: Varying): Nested {
    const { made, parts } = one;
    let next: Nested | null = null;
    for (const part of parts) {
      const value = this.#valueOf(part);
      if (value === made[part.name]) continue;
      if (part.kind !== 'within' && this.isRight) this.isRight = part.look(value);
      next ??= one.copy(made);
      next[part.name] = value;
    }
    if (next) {
      one.made = next;
      for (const holds of one.predicates) if (this.isRight) this.isRight = holds(next) === true;
    }
    return one.made;
  }

  #valueOf(part: Part): unknown {
    if (part.kind === 'within') return this.#renew(part.within);
    if (part.kind === 'id') return this.#id;
    const value = this.#said[this.#at];
    this.#at += 1;
    return value;
  }
}

const no: Look = () => false;

/** Values are counted as in `leavesOf`. */
class Finding {
  readonly #kinds: ReadonlyMap<number, 'value' | 'id'>;
  #at = 0;

  constructor(kinds: ReadonlyMap<number, 'value' | 'id'>) {
    this.#kinds = kinds;
  }

  /** What a schema says nothing about is never right here, as soon as it is another. */
  varyingIn(value: Nested, schema: z.core.$ZodType | null): Varying {
    const inside = schema && insideOf(schema, value);
    const parts: Part[] = [];
    for (const name of Object.keys(value)) {
      const part = value[name];
      const partSchema = inside?.partOf(name) ?? null;
      if (isNested(part)) {
        const within = this.varyingIn(part, partSchema);
        if (within.parts.length > 0) parts.push({ name, kind: 'within', within });
      } else {
        const kind = this.#kinds.get(this.#at);
        if (kind !== undefined) parts.push({ name, kind, look: partSchema ? lookOf(partSchema) : no });
        this.#at += 1;
      }
    }
    return { made: value, copy: copierOf(value), parts, predicates: inside?.predicates ?? [] };
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
