// Words for how a run or a task ended. Pure.
import type { TaskRecord, TaskStatus } from '../../electron/contract/task.ts';
import { mib } from '../app/messages/amounts.ts';
import { said } from '../app/messages/said.ts';
import type { Words } from '../app/messages/words.ts';
import { limitationOf } from '../store/life.ts';

/** `exit code 1`, `signal 9`, `too much memory`: short, inside a sentence. */
export function endShort(status: TaskStatus, words: Words): string {
  switch (limitationOf(status)) {
    case 'memory':
      return words.t('life.end-mem');
    case 'disk':
      return words.t('life.end-disk');
    case 'time':
    case null:
      break;
  }
  // The signal was the agent's; why it was sent is what one wants to know.
  if (status.reason === 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED') return words.t('life.end-unhealthy');
  if (status.exitCode !== null) return words.t('life.end-code', { code: status.exitCode });
  if (status.signal !== null) return words.t('life.end-signal', { signal: status.signal });
  return endMessage(status, words);
}

/** What was said of it, in the language chosen. */
export function endMessage(
  status: TaskStatus | undefined,
  words: Words,
  kind: 'state' | 'end-of-run' | 'health' | 'readiness' = 'state',
): string {
  if (status === undefined) return '';
  const { message } = status;
  // The state, or the word of the check, says it already.
  if (/^(running|running again|healthy|ready)$/.test(message)) return '';
  const isCheck = kind === 'health' || kind === 'readiness';
  return said(isCheck ? message.replace(/^(unhealthy|not ready): /, '') : message, words);
}

export type EndNotice = { readonly what: string; readonly remedy: string };

/** A ceiling that ended the task, named with its figures. */
export function limitNotice(
  task: TaskRecord,
  status: TaskStatus | undefined,
  words: Words,
): EndNotice | null {
  const limitation = limitationOf(status);
  if (status === undefined || limitation === null) return null;
  if (limitation === 'memory') {
    const { limitMemMib: limit, peakMemMib: peak } = status;
    const isKnown = limit !== undefined && peak !== undefined;
    return {
      what: isKnown ? words.t('life.oom', { peak: mib(peak), limit: mib(limit) }) : words.t('life.oom-plain'),
      remedy: words.t('life.oom.do'),
    };
  }
  if (limitation === 'disk') {
    const limit = mib(task.info.resources.diskMib);
    return { what: words.t('life.disk-over', { limit }), remedy: words.t('life.disk-over.do') };
  }
  const time = words.duration(task.info.maxCompletionMs ?? 0);
  return { what: words.t('life.time-over', { time }), remedy: words.t('life.time-over.do') };
}

/** The reason in words; one we have no words for stands as it is. */
export function reasonWords(reason: string, words: Words): string {
  return words.maybe(`reason.${reason}`) ?? reason;
}
