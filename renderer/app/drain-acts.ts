// Taking machines out of service and back. What can be taken back is done at once, with an undo.
import type { Refusal } from '../../electron/contract/errors.ts';
import type { MachineRecord, Maintenance } from '../../electron/contract/machine.ts';
import { call, drop } from '../bridge/bridge.ts';
import { toast } from '../store/toasts.ts';
import { ask } from './acts.ts';
import { wordsNow } from './messages/words.ts';

type Switch = 'machine:deactivate' | 'machine:reactivate';

function turn(machine: MachineRecord, channel: Switch, back: Switch | null): void {
  const { id: machineId, name } = machine;
  const act = async () => {
    if (!(await ask(channel, { machineId }, name))) return;
    const text = wordsNow().t(channel === 'machine:deactivate' ? 'pause.done' : 'resume.done', { name });
    if (back === null) toast({ text });
    else toast({ text, undo: () => turn(machine, back, null) });
  };
  drop(act(), 'shows its own refusal');
}

export function pauseMachine(machine: MachineRecord): void {
  turn(machine, 'machine:deactivate', 'machine:reactivate');
}

/** `wasPaused`: only that can be undone; what a drain has ended does not come back. */
export function resumeMachine(machine: MachineRecord, wasPaused: boolean): void {
  turn(machine, 'machine:reactivate', wasPaused ? 'machine:deactivate' : null);
}

export async function planMaintenance(
  machine: MachineRecord,
  window: Maintenance | null,
): Promise<Refusal | null> {
  const { id: machineId, name } = machine;
  const answer = await call('machine:plan-maintenance', { machineId, window });
  if (!answer.ok) return answer.refusal;
  toast({ text: wordsNow().t(window === null ? 'maint.off' : 'maint.saved', { name }) });
  return null;
}

/** What was planned comes back with the undo; what had begun does not. */
export function callOffMaintenance(machine: MachineRecord): void {
  const { id: machineId, name, maintenance } = machine;
  const act = async () => {
    if (!(await ask('machine:plan-maintenance', { machineId, window: null }, name))) return;
    const text = wordsNow().t('maint.off', { name });
    if (maintenance === undefined || maintenance.hasBegun) {
      toast({ text });
      return;
    }
    const { startMs, durationMs, note } = maintenance;
    const again = { machineId, window: { startMs, durationMs, note } };
    const undo = () => drop(ask('machine:plan-maintenance', again, name), 'shows its own refusal');
    toast({ text, undo });
  };
  drop(act(), 'shows its own refusal');
}
