// What a person asked for and was refused stands in the activity list like everything else that was asked: what it was about,
// and why not. Commands that change nothing people would look for there (settings, dialogs of a lane) have no line.
import type { Refusal } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { CommandEvent } from '../kernel/events.ts';
import type { Draft } from './draft.ts';
import { changeOfRole } from './frameworks/roles.ts';
import { type NewOperation, openOperation } from './operations.ts';

type Asked = Pick<NewOperation, 'verb' | 'subject'> &
  Partial<Pick<NewOperation, 'id' | 'machineId' | 'change'>>;

export function noteRefused(draft: Draft, event: CommandEvent, refusal: Refusal): void {
  const asked = askedBy(draft, event) ?? askedOfRoles(draft, event) ?? askedOfMachine(draft, event);
  if (!asked || (asked.id && draft.get('operations', asked.id))) return;
  const operation = { id: asked.id ?? draft.nextOperationId(), machineId: null, taskId: null, ...asked };
  openOperation(draft, operation, refusal);
}

function askedBy(draft: Draft, event: CommandEvent): Asked | null {
  switch (event.kind) {
    case 'add-machine':
      return {
        id: event.operationId,
        verb: 'add-machine',
        subject: `${event.user}@${event.address}:${event.port}`,
      };
    case 'retry-add': {
      const subject = draft.get('lanes', event.machineId)?.title ?? event.machineId;
      return { id: event.operationId, verb: 'add-machine', subject };
    }
    case 'start-demo-rack':
    case 'remove-demo-rack':
      return { id: event.operationId, verb: event.kind, subject: '' };
    case 'run-task': {
      const { operationId: id, machineId } = event;
      return { id, verb: 'run-task', subject: event.info.name, machineId };
    }
    case 'kill-task': {
      const subject = draft.get('tasks', event.taskId)?.info.name ?? event.taskId;
      return { id: event.operationId, verb: 'kill-task', subject };
    }
    default:
      return null;
  }
}

function askedOfRoles(draft: Draft, event: CommandEvent): Asked | null {
  switch (event.kind) {
    case 'change-role':
    case 'set-weight':
    case 'set-quota':
    case 'set-preemption': {
      const isNew = event.kind === 'change-role' && !draft.get('roles', event.role);
      const change = changeOfRole(draft, event.role, event);
      return { verb: isNew ? 'make-role' : 'change-role', subject: event.role, change };
    }
    case 'remove-role':
      return { verb: 'remove-role', subject: event.role };
    case 'teardown-framework': {
      const subject = draft.get('frameworks', event.frameworkId)?.info.name ?? event.frameworkId;
      return { verb: 'teardown-framework', subject };
    }
    default:
      return null;
  }
}

function askedOfMachine(draft: Draft, event: CommandEvent): Asked | null {
  switch (event.kind) {
    case 'remove-machine':
    case 'drain-agent':
      return { id: event.operationId, verb: event.kind, ...machineOf(draft, event) };
    case 'deactivate-agent':
      return { verb: 'pause-agent', ...machineOf(draft, event) };
    case 'reactivate-agent':
      return { verb: 'resume-agent', ...machineOf(draft, event) };
    case 'plan-maintenance': {
      const verb = event.window === null ? 'call-off-maintenance' : 'plan-maintenance';
      return { verb, ...machineOf(draft, event) };
    }
    case 'partition-machine':
      return { verb: 'partition-machine', ...machineOf(draft, event) };
    default:
      return null;
  }
}

function machineOf(draft: Draft, { machineId }: { readonly machineId: MachineId }) {
  return { subject: draft.get('machines', machineId)?.name ?? machineId, machineId };
}
