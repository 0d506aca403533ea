// A question to the master whose answer is shown: asked again when what it depends on has changed, at most once a second.
import { useEffect, useState } from 'react';
import type { TaskId } from '../../electron/contract/ids.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { Why } from '../../electron/contract/waiting.ts';
import { call, drop } from '../bridge/bridge.ts';
import { tableStore } from '../store/tables.ts';

/** What an answer about free room depends on. */
const watched = [
  'machines',
  'agents',
  'links',
  'tasks',
  'runs',
  'offers',
  'reservations',
  'roles',
] as const satisfies readonly (keyof Tables)[];
const restMs = 1000;

type Answered<T> = {
  /** The last answer; undefined before the first. */
  readonly value: T | undefined;
  /** It is the answer to another question: the present one is still on its way. */
  readonly isOld: boolean;
};

/** `key` names the question: another key is another question, asked after `settleMs` without a newer one. */
export function useAsked<T>(key: string, ask: () => Promise<T>, settleMs = 0): Answered<T> {
  const [answer, setAnswer] = useState<{ readonly key: string; readonly value: T } | null>(null);
  useEffect(() => {
    let isOver = false;
    /** Not before the question has settled, not while it is asked, and not soon after. */
    let isResting = true;
    let isDirty = false;
    let timer = setTimeout(() => start(), settleMs);
    const run = async () => {
      isResting = true;
      isDirty = false;
      const value = await ask();
      if (isOver) return;
      setAnswer({ key, value });
      timer = setTimeout(() => {
        isResting = false;
        if (isDirty) start();
      }, restMs);
    };
    const start = () => drop(run(), 'a question never rejects');
    const stop = tableStore.subscribe(({ tables }, { tables: old }) => {
      if (watched.every((name) => tables[name] === old[name])) return;
      isDirty = true;
      if (!isResting) start();
    });
    return () => {
      isOver = true;
      clearTimeout(timer);
      stop();
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the key says what is asked
  }, [key, settleMs]);
  return { value: answer?.value, isOld: answer?.key !== key };
}

const none: ReadonlyMap<string, Why> = new Map();

/** Why these wait, by task. `isEach`: with each machine. */
export function useWhy(taskIds: readonly TaskId[], isEach: boolean): ReadonlyMap<string, Why> {
  const { value } = useAsked(`${String(isEach)} ${taskIds.join(' ')}`, async () => {
    if (taskIds.length === 0) return none;
    const result = await call('run:why', { taskIds: [...taskIds], isEach });
    return result.ok ? new Map(result.value.map(({ taskId, why }) => [taskId as string, why])) : none;
  });
  return value ?? none;
}
