// The demo rack: six slices of this computer, each a machine like any other with an agent and a link of its own.
// Slots that are there are left alone, so starting again only fills gaps. Removing goes the way of every machine.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import { type DemoSlice, demoSliceOf, type Sample } from '../../contract/machine.ts';
import type { CommandEvent } from '../kernel/events.ts';
import { demoMachines, refuseRackStart } from './demo-operations.ts';
import type { Draft } from './draft.ts';
import { addMachineRecord } from './machines.ts';
import { openOperation } from './operations.ts';
import { beginRemoval } from './removal.ts';

type Command<K extends CommandEvent['kind']> = Extract<CommandEvent, { kind: K }>;

export function onStartDemoRack(draft: Draft, event: Command<'start-demo-rack'>): Refusal | null {
  const present = demoMachines(draft);
  if (present.some((machine) => machine.removal !== null)) return removing();
  const taken = new Set(present.map((machine) => demoSliceOf(machine)?.slot));
  const missing = event.machines.filter(({ slice }) => !taken.has(slice.slot));
  if (missing.length === 0) {
    return { code: 'conflict', reason: 'demo-rack-exists', detail: `${present.length} machines` };
  }
  const doubled = missing.find((each) => isKnown(draft, each.machineId));
  if (doubled) return { code: 'conflict', reason: 'machine-exists', detail: doubled.machineId };
  openRackOperation(draft, event);
  for (const { machineId, name, slice } of missing) {
    addMachineRecord(draft, {
      id: machineId,
      name,
      via: { kind: 'local', demo: slice },
      agentId: null,
      note: '',
      addedAtMs: draft.atMs,
      removal: null,
    });
  }
  return null;
}

export function onRemoveDemoRack(draft: Draft, event: Command<'remove-demo-rack'>): Refusal | null {
  const present = demoMachines(draft);
  if (present.length === 0)
    return { code: 'not-found', reason: 'demo-rack-missing', detail: 'none is there' };
  const standing = present.filter((machine) => machine.removal === null);
  if (standing.length === 0) return removing();
  refuseRackStart(draft, { code: 'conflict', reason: 'cancelled', detail: 'the demo rack is being removed' });
  openRackOperation(draft, event);
  for (const machine of standing) beginRemoval(draft, machine, { tasks: 'stop', operationId: null });
  return null;
}

function isKnown(draft: Draft, machineId: MachineId): boolean {
  return draft.get('machines', machineId) !== undefined || draft.get('lanes', machineId) !== undefined;
}

function removing(): Refusal {
  return { code: 'conflict', reason: 'demo-rack-removing', detail: 'wait until it is away' };
}

function openRackOperation(draft: Draft, event: Command<'start-demo-rack' | 'remove-demo-rack'>): void {
  openOperation(draft, {
    id: event.operationId,
    verb: event.kind,
    subject: '',
    machineId: null,
    taskId: null,
  });
}

/**
 * An agent always samples the whole computer. A slice uses what its own tasks use; what belongs to the computer and
 * cannot be divided is left out, so that no figure is shown six times over.
 */
export function narrowToSlice(sample: Sample, slice: DemoSlice): Sample {
  const sum = (name: 'cpuBusyMilli' | 'memUsedMib'): number =>
    sample.tasks.reduce((total, task) => total + task[name], 0);
  return {
    ...sample,
    cpuBusyMilli: sum('cpuBusyMilli'),
    perCpu: [],
    memTotalMib: slice.capacity.memMib,
    memUsedMib: sum('memUsedMib'),
    swapUsedMib: 0,
    disks: [],
    temps: [],
    gpus: [],
  };
}
