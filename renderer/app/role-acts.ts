// What buttons and keys do to roles, slices and frameworks. Each is one request; what can be taken back offers that.
import type { Request } from '../../electron/contract/channels.ts';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { Preemption, Slice } from '../../electron/contract/role.ts';
import { call, drop } from '../bridge/bridge.ts';
import { tableStore } from '../store/tables.ts';
import { toast } from '../store/toasts.ts';
import { inspect, viewStore } from '../store/view.ts';
import { ask, showRefusal } from './acts.ts';
import { wordsNow } from './messages/words.ts';

type Change = Request<'role:change'>;

const usualWeightMilli = 1000;

/** As it is set now; a role without a row is one with the usual weight. */
export function roleAsSet(role: string): Omit<Change, 'force' | 'preemption'> & {
  readonly preemption: Preemption | null;
} {
  const row = tableStore.getState().tables.roles.get(role);
  return {
    role,
    weightMilli: row?.weightMilli ?? usualWeightMilli,
    quota: row?.quota ?? null,
    preemption: row?.preemption ?? null,
  };
}

export async function changeRole(change: Change): Promise<Refusal | null> {
  const { role } = change;
  const isNew = !tableStore.getState().tables.roles.has(role);
  const old = roleAsSet(role);
  const answer = await call('role:change', change);
  if (!answer.ok) return answer.refusal;
  const undo = () => {
    // A role that was there without a row stays as a name; that is not worth a question.
    const back = isNew ? call('role:remove', { role }) : call('role:change', { ...old, force: true });
    const restore = back.then((answered) =>
      answered.ok ? undefined : ask('role:change', { ...old, force: true }, role),
    );
    drop(restore, 'shows its own refusal');
  };
  toast({ text: wordsNow().t(isNew ? 'roles.made' : 'roles.changed', { role }), undo });
  return null;
}

export async function removeRole(role: string): Promise<void> {
  const old = roleAsSet(role);
  const answer = await call('role:remove', { role });
  if (!answer.ok) {
    showRefusal(answer.refusal, role);
    return;
  }
  const { subject } = viewStore.getState();
  if (subject?.kind === 'role' && subject.id === role) inspect(null);
  toast({
    text: wordsNow().t('roles.removed', { role }),
    undo: () => drop(ask('role:change', { ...old, force: true }, role), 'shows its own refusal'),
  });
}

export async function partitionMachine(
  request: Request<'machine:partition'>,
  before: readonly Slice[],
): Promise<Refusal | null> {
  const answer = await call('machine:partition', request);
  if (!answer.ok) return answer.refusal;
  const name = tableStore.getState().tables.machines.get(request.machineId)?.name ?? '';
  toast({
    text: wordsNow().t('slices.done', { name }),
    undo: () => {
      const back = { machineId: request.machineId, slices: [...before] };
      drop(ask('machine:partition', back, name), 'shows its own refusal');
    },
  });
  return null;
}
