// The tree of roles as rows: each role under the one it belongs to, found by name. Pure.
import type { FrameworkRecord } from '../../../electron/contract/framework.ts';
import type { RoleShare, Shares } from '../../../electron/contract/shares.ts';
import type { Tables } from '../../../electron/contract/tables.ts';

export type RoleRow = {
  readonly share: RoleShare;
  readonly depth: number;
  /** The last part of its name. */
  readonly name: string;
  /** In this very role, not below it. */
  readonly frameworks: readonly FrameworkRecord[];
  readonly hasBelow: boolean;
};

/** What matches, with all above it. */
export function listRoles(shares: Shares, tables: Tables, find: string): readonly RoleRow[] {
  const wanted = find.trim().toLowerCase();
  const paths = shares.roles.map(({ role }) => role);
  const found = new Set(paths.filter((path) => path.toLowerCase().includes(wanted)));
  const isShown = (path: string) => [...found].some((each) => each === path || each.startsWith(`${path}/`));
  return shares.roles.flatMap((share) => {
    if (!isShown(share.role)) return [];
    const parts = share.role.split('/');
    return {
      share,
      depth: parts.length - 1,
      name: parts.at(-1) ?? share.role,
      frameworks: frameworksIn(tables, share.role),
      hasBelow: paths.some((path) => path.startsWith(`${share.role}/`)),
    };
  });
}

function frameworksIn(tables: Tables, role: string): readonly FrameworkRecord[] {
  return [...tables.frameworks.values()].filter(
    ({ completedAtMs, info }) => completedAtMs === null && info.roles.includes(role),
  );
}
