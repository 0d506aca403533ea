// Identity of tasks: a hue of twelve and a pattern of four per name. The hue comes from a stable hash and moves to
// the next less used one when live names would share it, so that neighbours stay apart. Of roles: a hue of the name alone.

export type Identity = { readonly hue: number; readonly pattern: number };

export const hueCount = 12;
export const patternCount = 4;

/** FNV-1a, 32 bit. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Five steps of thirty degrees: far on the wheel, and prime to twelve, so every hue is reached. */
const stride = 5;

/** Names in order of first appearance keep what they were given; later ones make way. */
export class Identities {
  readonly #given = new Map<string, Identity>();
  readonly #uses: number[] = Array.from({ length: hueCount }, () => 0);

  of(name: string): Identity {
    const known = this.#given.get(name);
    if (known !== undefined) return known;
    const hash = hashOf(name);
    let hue = hash % hueCount;
    const fewest = Math.min(...this.#uses);
    while ((this.#uses[hue] ?? 0) > fewest) hue = (hue + stride) % hueCount;
    this.#uses[hue] = (this.#uses[hue] ?? 0) + 1;
    const identity = { hue, pattern: Math.floor(hash / hueCount) % patternCount };
    this.#given.set(name, identity);
    return identity;
  }
}

const identities = new Identities();

export function identityOf(name: string): Identity {
  return identities.of(name);
}

/** Chosen by trial: the names that most clusters have for their roles fall on twelve different hues (see the test). */
const roleSalt = 1_086_538;

/**
 * Of the role alone, so it is the same on every page, in every window and after a restart; other roles never move it. Two may
 * share one: their names stand beside it.
 */
export function hueOfRole(role: string): number {
  // fmix32 of MurmurHash3 (Appleby): the low bits of FNV-1a depend on the low bits of the letters only.
  let mixed = hashOf(role) ^ roleSalt;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % hueCount;
}
