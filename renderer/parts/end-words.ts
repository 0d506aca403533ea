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

/** `exited with code 3`, `killed by signal 6 (ABRT)`; null: something else. */
function plainEnd(message: string, words: Words): string | null {
  const code = /^exited with code (\d+)$/.exec(message)?.[1];
  if (code !== undefined) return words.t('task.ended-code', { code });
  const signal = /^killed by signal (\d+(?: \([A-Z0-9+-]+\))?)$/.exec(message)?.[1];
  return signal === undefined ? null : words.t('task.ended-signal', { signal });
}

/** The plain ways to end, in the language chosen; whatever else the agent said, as it said it. */
export function endMessage(
  status: TaskStatus | undefined,
  words: Words,
  kind: 'state' | 'end-of-run' | 'health' | 'readiness' = 'state',
): string {
  if (status === undefined) return '';
  const { message } = status;
  // The state, or the word of the check, says it already.
  if (/^(running|running again|healthy|ready)$/.test(message)) return '';
  if (kind === 'health' || kind === 'readiness') return message.replace(/^(unhealthy|not ready): /, '');
  const [, asked = '', said = message, gaveUp] =
    /^(killed on request: )?(.*?)(?:; given up after (\d+) restarts?)?$/s.exec(message) ?? [];
  const plain = plainEnd(said, words) ?? said;
  const parts = [
    asked === '' ? plain : `${words.t('life.on-request')}${words.t('list.comma')}${plain}`,
    ...(gaveUp === undefined ? [] : [words.t('life.gave-up', { n: Number(gaveUp) })]),
  ];
  return parts.join(words.t('list.comma'));
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
