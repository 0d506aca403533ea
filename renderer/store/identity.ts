// Identity of tasks, and of roles: a hue of twelve and a pattern of four per name. The hue comes from a stable hash and moves
// to the next less used one when live names would share it, so that neighbours stay apart.

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

const roleIdentities = new Identities();

/**
 * Told of the roles there are, all together and before any page: which of two that would share a hue makes way is then a matter
 * of their names, so it is the same on every page and after a restart.
 */
export function meetRoles(roles: Iterable<string>): void {
  for (const role of [...new Set(roles)].sort()) roleIdentities.of(role);
}

/** No two of the first twelve have the same. */
export function hueOfRole(role: string): number {
  return roleIdentities.of(role).hue;
}
