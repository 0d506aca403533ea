// What preemption may not do to roles: take anything of a guarantee, or make the one poorer than its fair share to make the other
// richer than its own. Shares as the allocator counts them, at the level of the tree where the two roles part.
import type { Scalars } from '../../../contract/shares.ts';
import type { ClusterSums, RoleSums } from '../../allocator/types.ts';
import { scalarNames } from '../resources.ts';

/** Rounding of shares, not of amounts. */
const tolerance = 1e-9;

export function topOf(role: string): string {
  return role.split('/')[0] ?? role;
}

/** The ancestors of two roles that are children of the same; null when one is above the other, or both are the same. */
export function whereTheyPart(a: string, b: string): readonly [string, string] | null {
  const left = a.split('/');
  const right = b.split('/');
  const at = left.findIndex((component, index) => component !== right[index]);
  if (at < 0 || at >= right.length) return null;
  return [left.slice(0, at + 1).join('/'), right.slice(0, at + 1).join('/')];
}

export class Fairness {
  readonly #total: ClusterSums['total'];
  readonly #roles: ReadonlyMap<string, RoleSums>;

  constructor({ total, roles }: ClusterSums) {
    this.#total = total;
    this.#roles = new Map(roles.map((each) => [each.role, each]));
  }

  /** With so much more of it the role would still have no more than its fair share. */
  mayGrow(role: string, by: Scalars): boolean {
    const sums = this.#roles.get(role);
    return sums !== undefined && this.#shareWith(sums, by, 1) <= sums.fairShare + tolerance;
  }

  /** With so much less of it the role would still have its fair share. */
  mayShrink(role: string, by: Scalars): boolean {
    const sums = this.#roles.get(role);
    return sums !== undefined && this.#shareWith(sums, by, -1) >= sums.fairShare - tolerance;
  }

  /** Nothing that the top-level role is guaranteed would be missing. Only what is not reserved counts: the rest stays its own. */
  keepsGuarantee(top: string, unreserved: Scalars, hoped: Scalars): boolean {
    const sums = this.#roles.get(top);
    if (!sums) return true;
    return scalarNames.every(
      (name) =>
        unreserved[name] === 0 ||
        sums.consumed[name] - hoped[name] - unreserved[name] >= (sums.guarantee[name] ?? 0),
    );
  }

  #shareWith({ allocated }: RoleSums, by: Scalars, sign: 1 | -1): number {
    const shares = scalarNames.map((name) =>
      this.#total[name] === 0 ? 0 : (allocated[name] + sign * by[name]) / this.#total[name],
    );
    return Math.max(0, ...shares);
  }
}
