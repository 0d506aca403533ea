// Machine records: this computer's own, edits, and the end of a record with everything that hangs on it.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import { demoSliceOf, type MachineRecord } from '../../contract/machine.ts';
import type { CommandEvent, FactEvent } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import { withdrawRunsOf } from './frameworks/built-in.ts';
import { dropLink, openAndConnect } from './links.ts';
import { refuseMachineOperations, refuseTaskOperations } from './operations.ts';
import { dropSends } from './sends.ts';

/** Made once, at the very first start; the id offered at later starts is not used. */
export function onLocalMachineFound(
  draft: Draft,
  event: Extract<FactEvent, { kind: 'local-machine-found' }>,
): void {
  if (!draft.get('settings', 'settings')) draft.put('settings', draft.settings);
  for (const machine of draft.rows('machines')) {
    if (machine.via.kind === 'local' && demoSliceOf(machine) === null) return;
  }
  addMachineRecord(draft, {
    id: event.machineId,
    name: event.name.slice(0, 100) || 'this computer',
    via: { kind: 'local' },
    agentId: null,
    note: '',
    addedAtMs: draft.atMs,
    removal: null,
  });
}

export function addMachineRecord(draft: Draft, machine: MachineRecord): void {
  draft.put('machines', machine);
  openAndConnect(draft, machine);
}

export function onEditMachine(
  draft: Draft,
  event: Extract<CommandEvent, { kind: 'edit-machine' }>,
): Refusal | null {
  const machine = draft.get('machines', event.machineId);
  if (!machine) return { code: 'not-found', reason: 'no-such-machine', detail: event.machineId };
  if (machine.name === event.name && machine.note === event.note) return null;
  draft.put('machines', { ...machine, name: event.name, note: event.note });
  return null;
}

/** The record, its agents, tasks, link and sample. Its link is closed; what runs there is not touched. */
export function dropMachine(draft: Draft, machineId: MachineId): void {
  dropSends(draft, (session) => session.machineId === machineId);
  const gone: Refusal = { code: 'conflict', reason: 'machine-removed', detail: machineId };
  for (const task of [...draft.rows('tasks')]) {
    if (task.machineId !== machineId) continue;
    // Whatever was still asked of it will never be seen: its operations must not stay open for ever.
    refuseTaskOperations(draft, 'run-task', task.id, gone);
    refuseTaskOperations(draft, 'kill-task', task.id, gone);
    draft.drop('progress', task.id);
    draft.drop('tasks', task.id);
  }
  for (const agent of [...draft.rows('agents')]) {
    if (agent.machineId === machineId) draft.drop('agents', agent.id);
  }
  for (const { id, machineId: on } of [...draft.rows('reservations')]) {
    if (on === machineId) draft.drop('reservations', id);
  }
  withdrawRunsOf(draft, machineId, gone);
  refuseMachineOperations(draft, 'drain-agent', machineId, gone);
  draft.drop('machines', machineId);
  dropLink(draft, machineId);
  draft.issue({ kind: 'disconnect', machineId });
}
