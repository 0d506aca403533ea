// Settings, and faults of Mesolite itself (the red bar). One row a kind of fault, since the first time it was seen.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { CommandEvent, FactEvent } from '../kernel/events.ts';
import { byId, isSame } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';
import { isLinkLive } from './sends.ts';

export function onChangeSettings(
  draft: Draft,
  event: Extract<CommandEvent, { kind: 'change-settings' }>,
): Refusal | null {
  const settings = { ...draft.settings, ...event.settings, id: draft.settings.id };
  const before = draft.settings;
  if (!isSame(settings, draft.get('settings', settings.id))) draft.put('settings', settings);
  if (!isSame(before.keeping, settings.keeping)) {
    for (const machine of byId(draft.rows('machines'))) configureAgent(draft, machine.id);
  }
  return null;
}

/** Agents that are away are told at their next hello; those from before 0.2 keep what they always kept. */
export function configureAgent(draft: Draft, machineId: MachineId): void {
  const agentId = draft.get('machines', machineId)?.agentId;
  const agent = agentId ? draft.get('agents', agentId) : undefined;
  if (!agent?.facts.isolation || !isLinkLive(draft, machineId)) return;
  draft.issue({ kind: 'send-configure', machineId, keeping: draft.settings.keeping });
}

export function onFaultRaised(draft: Draft, event: Extract<FactEvent, { kind: 'fault-raised' }>): void {
  const known = draft.get('faults', event.fault.id);
  draft.put('faults', { ...event.fault, sinceMs: known?.sinceMs ?? draft.atMs });
}

/** Dismissing what is gone already is no mistake: two windows may show the same bar. */
export function onDismissFault(draft: Draft, event: { readonly id: string }): Refusal | null {
  draft.drop('faults', event.id);
  return null;
}
