// Words for how a run or a task ended. Pure.
import type { TaskRecord, TaskStatus } from '../../electron/contract/task.ts';
import { mib } from '../app/messages/amounts.ts';
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
  if (status.exitCode !== null) return words.t('life.end-code', { code: status.exitCode });
  if (status.signal !== null) return words.t('life.end-signal', { signal: status.signal });
  return endMessage(status, words);
}

/** The plain ways to end, in the language chosen; whatever else the agent said, as it said it. */
export function endMessage(status: TaskStatus | undefined, words: Words): string {
  if (status === undefined) return '';
  const { exitCode, message } = status;
  // The state has its own word already.
  if (message === 'running') return '';
  if (exitCode !== null && message === `exited with code ${exitCode}`) {
    return words.t('task.ended-code', { code: exitCode });
  }
  const killed = /^killed by signal (\d+(?: \([A-Z0-9+-]+\))?)$/.exec(message)?.[1];
  if (killed !== undefined) return words.t('task.ended-signal', { signal: killed });
  return message;
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
