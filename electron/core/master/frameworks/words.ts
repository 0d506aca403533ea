// Small words that all of this folder use: whose a task is, which framework is ours, how a call is refused.
import type { CallReason } from '../../../contract/call-reasons.ts';
import type { Refusal, RefusalCode } from '../../../contract/errors.ts';
import type { FrameworkId } from '../../../contract/ids.ts';
import { defaultRole } from '../../../contract/role.ts';
import type { TaskRecord } from '../../../contract/task.ts';

/** The built-in framework that places what people ask for, and owns every task that was found on an agent. */
export const runFrameworkId = 'f-run' as FrameworkId;

export function frameworkOf(task: Pick<TaskRecord, 'frameworkId'>): FrameworkId {
  return task.frameworkId ?? runFrameworkId;
}

export function roleOf(task: Pick<TaskRecord, 'role'>): string {
  return task.role ?? defaultRole;
}

export function refuseCall(code: RefusalCode, reason: CallReason, detail: string): Refusal {
  return { code, reason, detail };
}

/** Role `inner` is `outer` or lies below it in the tree. `*` is a leaf of its own. */
export function isWithinRole(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
