// Tasks: run, kill, forget, and questions about what waits. The shape of the request becomes the TaskInfo of Mesos here, with its id and name.
import type { RunTask } from '../../contract/channels.ts';
import { ok } from '../../contract/errors.ts';
import type { TaskId } from '../../contract/ids.ts';
import type { CommandInfo, TaskInfo } from '../../contract/task.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { Ids, Master, Waits } from '../ports.ts';
import { defined } from './defined.ts';
import { withValue } from './machine.ts';

const maxNameChars = 60;

/** Never run: it only stands for what a person is still writing. */
const previewId = 't-preview' as TaskId;

type Names = 'task:run' | 'task:kill' | 'task:forget' | 'run:preview' | 'run:why';

export function taskRequests(master: Master, ids: Ids, waits: Waits): Pick<Handlers, Names> {
  return {
    'task:run': async (request) => {
      const info = taskInfoOf(ids.task(), request);
      const operationId = ids.operation();
      const { machineId, where = '', priority } = request;
      const place = { machineId, ...(where === '' ? {} : { where }), ...defined({ priority }) };
      const command = { kind: 'run-task', ...place, operationId, info } as const;
      return withValue(await master.command(command), { taskId: info.taskId, operationId });
    },
    'run:preview': ({ where = '', ...request }) =>
      waits.preview({ info: taskInfoOf(previewId, request), machineId: request.machineId, where }),
    'run:why': ({ taskIds, isEach }) => ok(waits.why(taskIds, isEach)),
    'task:kill': async ({ taskId }) => {
      const operationId = ids.operation();
      return withValue(await master.command({ kind: 'kill-task', taskId, operationId }), { operationId });
    },
    'task:forget': ({ taskId }) => master.command({ kind: 'forget-task', taskId }),
  };
}

function taskInfoOf(taskId: TaskId, request: RunTask): TaskInfo {
  const { cpusMilli, memMib, diskMib, gpus } = request;
  return {
    taskId,
    name: request.name === '' ? nameOf(request.command) : request.name,
    resources: { cpusMilli, memMib, diskMib, gpus, ports: [] },
    command: request.command,
    killPolicy: { graceMs: request.killGraceMs },
    labels: [],
    ...defined(request.options ?? {}),
  };
}

/** A name a person recognises: the first words of the line, or the program with its arguments. */
export function nameOf(command: CommandInfo): string {
  const text = command.shell
    ? command.value
    : [command.value.split('/').at(-1), ...command.arguments.slice(1)].join(' ');
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return 'task';
  const chars = [...line];
  return chars.length <= maxNameChars ? line : `${chars.slice(0, maxNameChars - 1).join('')}…`;
}
