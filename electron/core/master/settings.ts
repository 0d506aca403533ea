// Settings, and faults of Mesolite itself (the red bar). One row a kind of fault, since the first time it was seen.
import type { Refusal } from '../../contract/errors.ts';
import type { CommandEvent, FactEvent } from '../kernel/events.ts';
import { isSame } from '../kernel/tables.ts';
import type { Draft } from './draft.ts';

export function onChangeSettings(
  draft: Draft,
  event: Extract<CommandEvent, { kind: 'change-settings' }>,
): Refusal | null {
  const settings = { ...draft.settings, ...event.settings, id: draft.settings.id };
  if (!isSame(settings, draft.get('settings', settings.id))) draft.put('settings', settings);
  return null;
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
