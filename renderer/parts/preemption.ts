// Which tasks of a role may end early to make room, by its own word or by that of the nearest role above it. Pure; the master
// decides by the same rule (core/master/frameworks/preemption.ts).
import type { Preemption, RoleRecord } from '../../electron/contract/role.ts';

export type RoomRule = {
  readonly preemption: Preemption;
  /** The role it was set for. */
  readonly from: string;
};

export function roomRuleOf(roles: ReadonlyMap<string, RoleRecord>, role: string): RoomRule | null {
  const preemption = roles.get(role)?.preemption;
  if (preemption !== undefined) return { preemption, from: role };
  return roomRuleAbove(roles, role);
}

/** What holds for it while it has no word of its own. */
export function roomRuleAbove(roles: ReadonlyMap<string, RoleRecord>, role: string): RoomRule | null {
  return role.includes('/') ? roomRuleOf(roles, role.slice(0, role.lastIndexOf('/'))) : null;
}
