// A task's record copied, to be changed: the hot path makes three of each task, so it is written for the engine (see `copyTables`).
// What is not said stays absent, as in the row on the disk.
import type { TaskRecord } from '../../contract/task.ts';

type Copy = { -readonly [K in keyof TaskRecord]: TaskRecord[K] };

/** With what it is to owe; undefined: nothing. */
export function copyTask(task: TaskRecord, owed: TaskRecord['owed']): Copy {
  const copy: Copy = {
    id: task.id,
    machineId: task.machineId,
    agentId: task.agentId,
    info: task.info,
    state: task.state,
    statuses: task.statuses,
    createdAtMs: task.createdAtMs,
    startedAtMs: task.startedAtMs,
    endedAtMs: task.endedAtMs,
    killAskedAtMs: task.killAskedAtMs,
  };
  if (task.frameworkId !== undefined) copy.frameworkId = task.frameworkId;
  if (task.role !== undefined) copy.role = task.role;
  if (task.uses !== undefined) copy.uses = task.uses;
  if (task.groupId !== undefined) copy.groupId = task.groupId;
  if (task.priority !== undefined) copy.priority = task.priority;
  if (owed !== undefined) copy.owed = owed;
  addOfItsEnd(copy, task);
  return copy;
}

/** Of few tasks. */
function addOfItsEnd(copy: Copy, task: TaskRecord): void {
  if (task.wanted !== undefined) copy.wanted = task.wanted;
  if (task.killReason !== undefined) copy.killReason = task.killReason;
  if (task.killGraceMs !== undefined) copy.killGraceMs = task.killGraceMs;
  if (task.endedWith !== undefined) copy.endedWith = task.endedWith;
  if (task.madeRoomFor !== undefined) copy.madeRoomFor = task.madeRoomFor;
  if (task.roomTaker !== undefined) copy.roomTaker = task.roomTaker;
}
