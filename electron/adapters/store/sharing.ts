// Most rows say much of what the row before them said: the same command, the same resources, the same states. What is the same is
// kept once ("hash consing" without the table: one look at the last row finds nearly all of it), so 100,000 tasks take two
// thirds of the memory, and what is thrown away at once costs the collector nothing.

/**
 * `now` with everything that equals what `then` has at the same place taken from there; `then` itself where all of it does.
 * Only for values of JSON that have the keys of a schema and no others, and that nobody else has yet: `now` is changed.
 */
export function sharing<V>(then: unknown, now: V): V {
  if (then === now) return then as V;
  if (!isNested(then) || !isNested(now) || Array.isArray(then) !== Array.isArray(now)) return now;
  return shareParts(then, now) && hasNoMore(then, now) ? (then as V) : now;
}

/** Shorter texts are one in memory already: V8's JSON parser looks them up (kMaxInternalizedStringValueLength). */
const mostInterned = 10;

type Nested = Record<string, unknown>;

function isNested(value: unknown): value is Nested {
  return typeof value === 'object' && value !== null;
}

/** True: each part of `now` is that of `then`. */
function shareParts(then: Nested, now: Nested): boolean {
  let isSame = true;
  for (const name in now) {
    const part = now[name];
    const before = then[name];
    const shared = typeof part === 'object' ? sharing(before, part) : part;
    if (shared !== before) isSame = false;
    else if (typeof part === 'string' ? part.length > mostInterned : shared !== part) now[name] = before;
  }
  return isSame;
}

function hasNoMore(then: Nested, now: Nested): boolean {
  for (const name in then) if (!(name in now)) return false;
  return true;
}
