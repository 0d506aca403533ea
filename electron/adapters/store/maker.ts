// Makes rows of what is said about them (patterns.ts), for the thread that will own them. A row takes from the last one of its
// pattern whatever is the same, so rows have parts in common and must not be changed.
import { isNested, type Nested } from './patterns.ts';

type Take = (id: string, row: unknown) => void;

export class Maker {
  readonly #patterns: Pattern[] = [];

  /** How many rows there were. Throws on what nobody says who reads a sound file. */
  makeAll(said: readonly unknown[], take: Take): number {
    let rows = 0;
    let at = 0;
    while (at < said.length) {
      const head = said[at];
      if (Array.isArray(head)) {
        this.#patterns.push(new Pattern(head[0], head[1], head[2]));
        at += 1;
        continue;
      }
      const id = said[at + 1];
      if (typeof id !== 'string') throw new Error('an id that is no text');
      if (head === null) {
        take(id, said[at + 2]);
        at += 3;
      } else {
        const pattern = typeof head === 'number' ? this.#patterns[head] : undefined;
        if (!pattern) throw new Error('a row of no known pattern');
        take(id, pattern.make(id, said, at + 2));
        at += 2 + pattern.size;
      }
      rows += 1;
    }
    if (at !== said.length) throw new Error('a row that ends early');
    return rows;
  }
}

/** Of the sample what varies, and what that lies in. */
type Varying = { made: Nested; readonly copy: Copy; readonly parts: readonly Part[] };
type Part =
  | { readonly name: string; readonly kind: 'value' | 'id' }
  | { readonly name: string; readonly kind: 'within'; readonly within: Varying };

class Pattern {
  readonly #row: Varying;
  readonly size: number;
  #said: readonly unknown[] = [];
  #at = 0;
  #id = '';

  constructor(sample: Nested, places: readonly number[], idPlaces: readonly number[]) {
    this.size = places.length;
    const kinds = new Map<number, 'value' | 'id'>();
    for (const place of places) kinds.set(place, 'value');
    for (const place of idPlaces) kinds.set(place, 'id');
    this.#row = varyingIn(sample, kinds, { at: 0 });
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
      next ??= one.copy(made);
      next[part.name] = value;
    }
    if (next) one.made = next;
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

/** Values are counted as in `leavesOf`. */
function varyingIn(
  value: Nested,
  kinds: ReadonlyMap<number, 'value' | 'id'>,
  count: { at: number },
): Varying {
  const parts: Part[] = [];
  for (const name of Object.keys(value)) {
    const part = value[name];
    if (isNested(part)) {
      const within = varyingIn(part, kinds, count);
      if (within.parts.length > 0) parts.push({ name, kind: 'within', within });
    } else {
      const kind = kinds.get(count.at);
      if (kind !== undefined) parts.push({ name, kind });
      count.at += 1;
    }
  }
  return { made: value, copy: copierOf(value), parts };
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
