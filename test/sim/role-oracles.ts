// What must hold of roles and of what is set aside for them: a slice is as it was asked for and goes to its own role only, a limit
// that was lowered takes back what is offered beyond it, a role that is removed has nobody in it, and who was torn down has ended.
import type { FrameworkId } from '../../electron/contract/ids.ts';
import type { ResourcePart, Slice } from '../../electron/contract/role.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import { isSame } from '../../electron/core/kernel/tables.ts';
import { scalarNames } from '../../electron/core/master/resources.ts';
import { consumed, holds, isWithinRole, usesOf } from './scheduler-oracles.ts';
import type { Stepping } from './step-oracles.ts';

type Violate = (what: string) => void;

export function checkRoles({ before, event, result }: Stepping, violate: Violate): void {
  const { diff, state, answer } = result;
  for (const offer of diff.offers?.put ?? [])
    checkOwnRole(offer.id, offer.role, { parts: offer.resources, violate });
  for (const task of diff.tasks?.put ?? [])
    if (!before.tables.tasks.has(task.id))
      checkOwnRole(task.id, task.role ?? '*', { parts: usesOf(task), violate });
  if (answer?.ok === true) checkCommand(state.tables, event, violate);
}

function checkCommand(tables: Tables, event: Stepping['event'], violate: Violate): void {
  switch (event.kind) {
    case 'partition-machine':
      return checkSlices(tables, event, violate);
    case 'set-quota':
      return checkOffersWithin(tables, event.role, violate);
    case 'change-role':
      if (tables.roles.get(event.role)?.weightMilli !== event.weightMilli)
        violate(`${event.role} has not the weight that was set`);
      if (!isSame(tables.roles.get(event.role)?.quota ?? null, event.quota))
        violate(`${event.role} has not the quota that was set`);
      return checkOffersWithin(tables, event.role, violate);
    case 'remove-role':
      return checkNobodyIn(tables, event.role, violate);
    case 'teardown-framework':
      return checkTornDown(tables, event.frameworkId, violate);
    default:
  }
}

/** What is set aside for a role goes to that role and to those below it. */
function checkOwnRole(
  id: string,
  role: string,
  { parts, violate }: { readonly parts: readonly ResourcePart[]; readonly violate: Violate },
): void {
  for (const { reservation } of parts) {
    const owner = reservation.at(-1);
    if (owner !== undefined && !isWithinRole(role, owner))
      violate(`I7 ${id} of ${role} has what is set aside for ${owner}`);
  }
}

function checkSlices(
  tables: Tables,
  { machineId, slices }: { readonly machineId: string; readonly slices: readonly Slice[] },
  violate: Violate,
): void {
  const agentIds = [...tables.agents.values()].filter((agent) => agent.machineId === machineId);
  const agent = agentIds.find(({ state }) => state.kind !== 'gone');
  const rows = [...tables.reservations.values()].filter(
    ({ agentId, part }) => agentId === agent?.id && part.reservation.length === 1 && part.volume === null,
  );
  const roles = new Set([...slices.map(({ role }) => role), ...rows.map(({ part }) => part.reservation[0])]);
  for (const role of roles) {
    const wanted = slices.find((slice) => slice.role === role)?.amounts;
    const found = rows.find(({ part }) => part.reservation[0] === role)?.part.amounts;
    const wrong = scalarNames.find((name) => (wanted?.[name] ?? 0) !== (found?.[name] ?? 0));
    if (wrong !== undefined)
      violate(
        `I7 ${role} has ${found?.[wrong] ?? 0} ${wrong} set aside, ${wanted?.[wrong] ?? 0} was asked for`,
      );
  }
}

/** What was offered before may be taken any moment: beyond the new limit it would pass it. */
function checkOffersWithin(tables: Tables, role: string, violate: Violate): void {
  const limit = tables.roles.get(role)?.quota?.limit;
  if (!limit) return;
  for (const name of scalarNames) {
    const most = limit[name];
    if (most === null || consumed(tables, role, name) <= most) continue;
    for (const offer of tables.offers.values()) {
      const isPlain = offer.resources.some((part) => part.reservation.length === 0 && part.amounts[name] > 0);
      if (isPlain && isWithinRole(offer.role, role))
        violate(`I7 ${offer.id} stays beyond the limit of ${role}`);
    }
  }
}

function checkNobodyIn(tables: Tables, role: string, violate: Violate): void {
  const isOf = (each: string): boolean => isWithinRole(each, role);
  if (tables.roles.has(role)) violate(`${role} was removed and is there`);
  for (const { id, info, completedAtMs } of tables.frameworks.values())
    if (completedAtMs === null && info.roles.some(isOf)) violate(`${role} was removed and ${id} is in it`);
  for (const task of tables.tasks.values())
    if (holds(task) && isOf(task.role ?? '*')) violate(`${role} was removed and ${task.id} is in it`);
  for (const { id, part } of tables.reservations.values())
    if (part.reservation.some(isOf)) violate(`${role} was removed and ${id} is set aside for it`);
}

/** I6: with all its tasks. */
function checkTornDown(tables: Tables, frameworkId: FrameworkId, violate: Violate): void {
  if (tables.frameworks.get(frameworkId)?.completedAtMs === null)
    violate(`${frameworkId} was torn down and is not`);
  if (tables.subscriptions.has(frameworkId)) violate(`${frameworkId} was torn down and is still heard`);
  for (const task of tables.tasks.values())
    if (task.frameworkId === frameworkId && holds(task) && task.killAskedAtMs === null)
      violate(`I6 ${frameworkId} was torn down and ${task.id} runs on`);
  for (const offer of tables.offers.values())
    if (offer.frameworkId === frameworkId) violate(`${offer.id} is offered to ${frameworkId}, torn down`);
}
