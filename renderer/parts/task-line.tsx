// The state of a task in one line: `running, 3rd start, last ended with exit code 1`, and the count-down to its next start.
import type { TaskRecord } from '../../electron/contract/task.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { cx } from '../kit/cx.ts';
import { useNowMs } from '../store/clock.ts';
import { type GlyphState, taskGlyphs } from '../store/health.ts';
import { glyphWithMood, lastEnd, moodOf, nextStartAtMs, restartsOf } from '../store/life.ts';
import { glyphOfTask, isActive, lastStatus } from '../store/selectors.ts';
import { useTables } from '../store/tables.ts';
import { endMessage, endShort } from './end-words.ts';

export type TaskLook = {
  readonly glyph: GlyphState;
  readonly word: string;
  readonly title: string | undefined;
};

/** Glyph and word of a task. What its checks say is part of its state; a silent machine is stronger than both. */
export function lookOf(task: TaskRecord, glyph: GlyphState, words: Words): TaskLook {
  const mood = moodOf(task);
  const plain = words.t(`task-state.${task.state}`);
  const isLastKnown = glyph === 'unknown' && taskGlyphs[task.state] !== 'unknown';
  if (isLastKnown) {
    const title = words.t('task-state.last-known', { state: plain });
    return { glyph, word: words.t('task-state.TASK_UNKNOWN'), title };
  }
  const word = mood === null || mood === 'not-ready' ? plain : words.t(`life.${mood}`);
  return { glyph: glyphWithMood(glyph, mood), word, title: undefined };
}

/** To read beside the word: of what has ended why, as its row has no room for it. */
export function stateTitle(task: TaskRecord, { title, word }: TaskLook, words: Words): string {
  if (title !== undefined) return title;
  const why = isActive(task.state) ? '' : endMessage(lastStatus(task), words);
  return why === '' ? word : words.t('life.ended-why', { word, why });
}

export function useTaskLook(task: TaskRecord): TaskLook {
  const words = useWords();
  return lookOf(
    task,
    useTables((tables) => glyphOfTask(tables, task)),
    words,
  );
}

/** To the next start; ticks. Nothing while it runs or has ended. */
export function NextStart({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  const atMs = nextStartAtMs(task);
  if (atMs === null) return null;
  const leftMs = atMs - nowMs;
  return (
    <span className="t-working num" role="timer">
      {leftMs > 0
        ? words.t('life.next-start', { age: words.duration(leftMs + 999) })
        : words.t('life.next-start-now')}
    </span>
  );
}

/** What a restarted task has behind it. */
export function restartWords(task: TaskRecord, words: Words): readonly string[] {
  const n = restartsOf(task);
  const end = isActive(task.state) ? lastEnd(task) : undefined;
  const isUp = task.state === 'TASK_RUNNING' || task.state === 'TASK_KILLING';
  return [
    ...(n === 0 ? [] : [isUp ? words.t('life.nth-start', { n: n + 1 }) : words.t('life.restarts', { n })]),
    ...(end === undefined ? [] : [words.t('life.last-ended', { end: endShort(end, words) })]),
  ];
}

export function TaskLine({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const { glyph, word, title } = useTaskLook(task);
  return (
    <>
      <span className={cx('task-line__state', `t-${glyph}`)}>{title ?? word}</span>
      {restartWords(task, words).map((part) => (
        <span key={part} className="dim">
          {words.t('list.comma')}
          {part}
        </span>
      ))}
    </>
  );
}
