// Planted bugs in what happens to tasks: updates, launches, kills, forgetting, resources.
import type { Mutant } from './mutant.ts';

const core = 'electron/core/master';

export const taskMutants: readonly Mutant[] = [
  {
    id: 'ack-not-the-end',
    file: `${core}/task-answers.ts`,
    find: 'if (status.uuid !== null) {',
    replace: 'if (status.uuid !== null && !isTerminal(status)) {',
    why: 'drops the acknowledgement of the last update: the agent repeats it for ever',
  },
  {
    id: 'ack-only-news',
    file: `${core}/task-answers.ts`,
    find: 'if (status.uuid !== null) {',
    replace: "if (status.uuid !== null && draft.get('tasks', status.taskId)?.state !== status.state) {",
    why: 'acknowledges only what is new: a lost acknowledgement is never made good',
  },
  {
    id: 'status-by-task-id-only',
    file: `${core}/task-answers.ts`,
    find: 'if (task?.machineId !== machineId) {\n    draft.note(',
    replace: 'if (!task) {\n    draft.note(',
    why: 'matches an update by its task id only: any agent may speak for the tasks of others',
  },
  {
    id: 'believes-any-state',
    file: `${core}/task-states.ts`,
    find: 'if (!canAgentSay(status.state)) return {',
    replace: 'if (false as boolean) return {',
    why: 'takes states from an agent that only the master can give',
  },
  {
    id: 'out-of-order',
    file: `${core}/task-states.ts`,
    find: "if (order < 0) return { kind: 'past', task: withPast(task, status) };",
    replace: '',
    why: 'applies an update that is older than what is known',
  },
  {
    id: 'no-return',
    file: `${core}/task-states.ts`,
    find: 'if (!canAgentSay(task.state)) return move(task, isKnown ? asReturn(status) : status);',
    replace: "if (!canAgentSay(task.state)) return isKnown ? { kind: 'duplicate' } : move(task, status);",
    why: 'a task that was out of sight does not come back when its agent tells what is known already',
  },
  {
    id: 'staging-takes-nothing',
    file: `${core}/task-states.ts`,
    find: "return !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR';",
    replace:
      "return !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR' && task.state !== 'TASK_STAGING';",
    why: 'counts resources only from the first sign of life on, so that two launches get the same',
  },
  {
    id: 'killed-takes-nothing',
    file: `${core}/task-states.ts`,
    find: "return !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR';",
    replace:
      "return !isTerminal(task) && task.state !== 'TASK_GONE_BY_OPERATOR' && (task as { killAskedAtMs?: number | null }).killAskedAtMs == null;",
    why: 'gives the resources of a task away as soon as its kill was asked for',
  },
  {
    id: 'no-fit',
    file: `${core}/tasks.ts`,
    find: 'refuseTask(info, agent) ?? refuseSize(agent, info.resources);',
    replace: 'refuseTask(info, agent);',
    why: 'lets a task wait for a machine that can never hold it',
  },
  {
    id: 'fit-into-total',
    file: `${core}/frameworks/partition.ts`,
    find: 'if (after <= before || after + inUse[name] <= total) continue;',
    replace: 'if (after <= before || after <= total) continue;',
    why: 'sets aside what tasks hold: compares with what the agent has instead of what is left of it',
  },
  {
    id: 'ports-twice',
    file: 'electron/core/allocator/holdings.ts',
    find: '    row.freePorts = without(row.freePorts, parts.ports);\n',
    replace: '',
    why: 'gives a port to two tasks',
  },
  {
    id: 'task-id-twice',
    file: `${core}/tasks.ts`,
    find: "if (draft.get('tasks', info.taskId))",
    replace: "if (draft.get('tasks', info.taskId)?.state === 'TASK_STAGING')",
    why: 'starts a task over when the same request comes late for a second time',
  },
  {
    id: 'unknown-is-no',
    file: `${core}/task-answers.ts`,
    find: "if (isUnknown(refusal)) {\n    if (task.killAskedAtMs === null) delaySend(draft, 'launch', taskId);",
    replace:
      "if (isUnknown(refusal) && task.killAskedAtMs !== null) {\n    if (task.killAskedAtMs === null) delaySend(draft, 'launch', taskId);",
    why: 'reads a launch without an answer as refused, although the agent may have it',
  },
  {
    id: 'unknown-launch-dropped',
    file: `${core}/task-answers.ts`,
    find: "if (task.killAskedAtMs === null) delaySend(draft, 'launch', taskId);",
    replace: "if (task.killAskedAtMs === null) endSend(draft, 'launch', taskId);",
    why: 'does not ask again for a launch whose answer was lost',
  },
  {
    id: 'unknown-kill-done',
    file: `${core}/task-answers.ts`,
    find: "delaySend(draft, 'kill', taskId);",
    replace: "endSend(draft, 'kill', taskId);",
    why: 'takes a kill without an answer for done',
  },
  {
    id: 'unknown-forget-done',
    file: `${core}/task-answers.ts`,
    find: "delaySend(draft, 'forget', taskId);\n    return;",
    replace: "endSend(draft, 'forget', taskId);\n    forgetTask(draft, task);\n    return;",
    why: 'drops the record although the agent may still have its own: it comes back',
  },
  {
    id: 'forget-here-only',
    file: `${core}/tasks.ts`,
    find: "send(draft, 'forget', task.id);\n  return null;",
    replace: 'forgetTask(draft, task);\n  return null;',
    why: 'drops the record here without a word to the agent: it comes back at the next hello',
  },
  {
    id: 'kill-not-kept',
    file: `${core}/frameworks/updates.ts`,
    find: "draft.put('tasks', { ...each, killAskedAtMs: each.killAskedAtMs ?? draft.atMs, ...grace, ...cause });",
    replace: '',
    why: 'sends a kill without writing down that it was asked for',
  },
  {
    id: 'kill-again-forgets-absence',
    file: `${core}/sends.ts`,
    find: 'options?.isAbsent ?? previous?.isAbsent ?? false',
    replace: 'options?.isAbsent ?? false',
    why: 'the fault that the simulation found: a second kill forgets that the task was never there',
  },
  {
    id: 'operation-stays-open',
    file: `${core}/settle.ts`,
    find: "refuseTaskOperations(draft, 'run-task', taskId, refusal ?? notSeen(task.state));",
    replace: '',
    why: 'what was asked stays open in the activity list for ever',
  },
];
