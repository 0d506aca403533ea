// Planted bugs in who gets what: slices and limits of roles, ends of frameworks, conditions, and room that is made for others.
import type { Mutant } from './mutant.ts';

const api = 'electron/core/master/frameworks';

export const roleMutants: readonly Mutant[] = [
  {
    id: 'preempts-equal',
    file: `${api}/room-plan.ts`,
    find: 'const isLower = policy.lowerPriority && priority < (demand.priority ?? 0);',
    replace: 'const isLower = policy.lowerPriority && priority <= (demand.priority ?? 0);',
    why: 'ends a task for one that is no more important',
  },
  {
    id: 'preempts-unasked',
    file: `${api}/preemption.ts`,
    find: 'const policy = first && policyOf(policies, roleOf(first));',
    replace:
      'const policy = first && (policyOf(policies, roleOf(first)) ?? { lowerPriority: true, aboveFairShare: true });',
    why: 'ends tasks of roles that nobody allowed it for',
  },
  {
    id: 'preempts-below-guarantee',
    file: `${api}/fairness.ts`,
    find: 'sums.consumed[name] - hoped[name] - unreserved[name] >= (sums.guarantee[name] ?? 0),',
    replace: 'sums.consumed[name] - unreserved[name] >= 0,',
    why: 'takes from a role what it is guaranteed',
  },
  {
    id: 'preempts-the-poor',
    file: `${api}/fairness.ts`,
    find: 'this.#shareWith(sums, by, -1) >= sums.fairShare - tolerance;',
    replace: 'this.#shareWith(sums, by, -1) >= 0;',
    why: 'takes from a role that has no more than its share',
  },
  {
    id: 'grace-of-victim',
    file: `${api}/preemption.ts`,
    find: 'if (first) killTask(draft, first);',
    replace: 'if (first) killTask(draft, first, 0);',
    why: 'ends what makes room at once, whatever time it came with',
  },
  {
    id: 'victim-comes-back',
    file: `${api}/updates.ts`,
    find: "  if (madeRoomFor !== undefined) draft.put('tasks', rest);\n  killTask(draft, madeRoomFor === undefined ? task : rest, graceMs);",
    replace: '  killTask(draft, task, graceMs);',
    why: 'the fault that the simulation found: what a person ended runs again because it was to make room',
  },
  {
    id: 'victim-stays-away',
    file: `${api}/built-in.ts`,
    find: 'onPreempted: (taskId) => runAgain(draft, taskId),',
    replace: 'onPreempted: () => {},',
    why: 'forgets a run that made room and may be started again',
  },
  {
    id: 'claim-survives',
    file: `${api}/claims.ts`,
    find: '      dropClaim(draft, claim);\n      continue;',
    replace: '      continue;',
    why: 'holds room for somebody who waits no more',
  },
  {
    id: 'claim-holds-nothing',
    file: `${api}/index-sync.ts`,
    find: 'return holdingOf({ ...claim, role: claim.demand.role });',
    replace: 'return holdingOf({ ...claim, resources: [], role: claim.demand.role });',
    why: 'gives the room that was made for one to another',
  },
  {
    id: 'condition-ignored',
    file: `${api}/built-in.ts`,
    find: 'mayRunOn: (run, offer) => run.where === undefined || holdsOnOffer(run.where, offer),',
    replace: 'mayRunOn: () => true,',
    why: 'takes what is offered for another run, on a machine that the person did not want',
  },
  {
    id: 'slice-of-another',
    file: 'electron/core/allocator/rules.ts',
    find: 'export function mayUse(client: Client, slot: Slot): boolean {\n',
    replace:
      'export function mayUse(client: Client, slot: Slot): boolean {\n  if (slot.input.volume !== true) return true;\n',
    why: 'offers what is set aside for one role to another',
  },
  {
    id: 'slice-in-use',
    file: `${api}/partition.ts`,
    find: '    if (left >= held) continue;\n',
    replace: '    if (left >= 0) continue;\n',
    why: 'takes a slice away under the tasks that use it',
  },
  {
    id: 'slice-over-tasks',
    file: `${api}/partition.ts`,
    find: 'if (after <= before || after + inUse[name] <= total) continue;',
    replace: 'if (after <= before || after <= total) continue;',
    why: 'sets aside what tasks use already',
  },
  {
    id: 'slice-of-the-top',
    file: `${api}/partition.ts`,
    find: 'return { reservation: [role], volume: null',
    replace: "return { reservation: [role.split('/')[0] ?? role], volume: null",
    why: 'gives a slice for one team to the whole department',
  },
  {
    id: 'limit-after-offers',
    file: `${api}/roles.ts`,
    find: '  if (!isSame(known.quota, row.quota)) rescindAll(draft, () => true);\n',
    replace: '',
    why: 'leaves what is offered beyond a limit that was lowered',
  },
  {
    id: 'quota-change-unseen',
    file: `${api}/index-sync.ts`,
    find: 'if (quota === (then?.quota ?? null)) continue;',
    replace: 'if ((quota === null) === ((then?.quota ?? null) === null)) continue;',
    why: 'goes by the limit that was set first, not by the newest',
  },
  {
    id: 'role-removed-in-use',
    file: `${api}/roles.ts`,
    find: 'completedAtMs === null && info.roles.some(isOfRole)',
    replace: 'completedAtMs === null && info.roles.some((each) => isOfRole(each) && each !== role)',
    why: 'removes a role that a framework is in',
  },
  {
    id: 'heard-after-the-end',
    file: `${api}/subscriptions.ts`,
    find: "  draft.drop('subscriptions', framework.id);\n",
    replace: '',
    why: 'goes on with a framework that was torn down',
  },
  {
    id: 'back-from-the-end',
    file: `${api}/subscriptions.ts`,
    find: 'if (known && known.completedAtMs !== null)',
    replace: "if (known && known.completedAtMs !== null && known.kind === 'built-in')",
    why: 'takes a framework in again that was ended for good',
  },
];
