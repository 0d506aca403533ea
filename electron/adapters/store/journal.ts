// What the journal keeps of an event: enough to tell later what happened and in which order, without the secrets that task
// environments may hold and without whole lists that the tables have anyway.
import type { Call } from '../../contract/framework.ts';
import type { TaskInfo } from '../../contract/task.ts';
import type { MasterEvent } from '../../core/kernel/events.ts';

export function journalJson(event: MasterEvent): string {
  switch (event.kind) {
    case 'run-task':
      return JSON.stringify({ ...event, info: withoutSecrets(event.info) });
    case 'call-scheduler-api':
      return JSON.stringify({ ...event, call: withoutTasks(event.call) });
    case 'link-up': {
      const { facts, tasks, ...rest } = event;
      const held = tasks.map((task) => [task.info.taskId, task.status.state]);
      return JSON.stringify({ ...rest, bootId: facts.bootId, tasks: held });
    }
    default:
      return JSON.stringify(event);
  }
}

/** Of the tasks of an ACCEPT the ids are enough: the table of tasks has the rest. */
function withoutTasks(call: Call): object {
  if (call.kind !== 'ACCEPT') return call;
  const operations = call.operations.map((operation) => {
    if (operation.kind !== 'LAUNCH' && operation.kind !== 'LAUNCH_GROUP') return operation;
    return { ...operation, tasks: operation.tasks.map(({ info }) => info.taskId) };
  });
  return { ...call, operations };
}

function withoutSecrets(info: TaskInfo): object {
  const environment = info.command.environment.map(({ name }) => name);
  return { ...info, command: { ...info.command, environment } };
}
