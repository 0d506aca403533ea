// What would become of the task if it were run now: where it starts, or why it would wait, machine by machine.
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { RunTask } from '../../../../electron/contract/channels.ts';
import type { StopCode, Why } from '../../../../electron/contract/waiting.ts';
import { useWords, type Words } from '../../../app/messages/words.ts';
import { call } from '../../../bridge/bridge.ts';
import { cx } from '../../../kit/cx.ts';
import { Glyph, type GlyphKind } from '../../../kit/glyph.tsx';
import { useAsked } from '../../../parts/use-asked.ts';
import { toneOf, type WaitTone, whyWords } from '../../../parts/wait-words.ts';
import { WhyList } from '../../../parts/why-list.tsx';
import { useTables } from '../../../store/tables.ts';

/** Typing goes on; only what stands for a moment is asked about. */
const settleMs = 180;
const namesShown = 3;

type Shown = {
  /** null: it cannot be said while something is wrong. */
  readonly why: Why | null;
  readonly isOld: boolean;
  /** It is asked for on one machine. */
  readonly isPinned: boolean;
};

export function usePreview(request: RunTask | null): Shown {
  // The name and the command have no say in it.
  const asked = request && {
    ...request,
    name: '',
    command: { ...request.command, value: 'x', arguments: [] },
  };
  const { value, isOld } = useAsked(
    JSON.stringify(asked),
    async () => {
      if (asked === null) return null;
      const result = await call('run:preview', asked);
      return result.ok ? result.value : null;
    },
    settleMs,
  );
  const isPinned = request !== null && request.machineId !== null;
  return { why: request === null ? null : (value ?? null), isOld, isPinned };
}

const glyphs: Readonly<Record<WaitTone, GlyphKind>> = { now: 'done', later: 'waiting', never: 'failed' };

type Names = ReadonlyMap<string, { readonly name: string }>;

/** For one machine that can never have it: asked for, it is refused. */
const refused: ReadonlySet<StopCode> = new Set(['too-small', 'unable']);

function lineOf(
  { why, isPinned }: Pick<Shown, 'isPinned'> & { readonly why: Why },
  machines: Names,
  words: Words,
): string {
  const [first] = why.groups;
  if (first?.code === 'fits') {
    const names = why.machines
      .filter(({ code }) => code === 'fits')
      .slice(0, namesShown)
      .map(({ machineId }) => machines.get(machineId)?.name ?? machineId);
    if (first.count === 1) return words.t('run.preview.now-one', { machine: names[0] ?? '' });
    const more = first.count > names.length ? [words.t('wait.more', { n: first.count - names.length })] : [];
    return `${words.t('run.preview.now', { n: first.count })} ${[...names, ...more].join(words.t('list.comma'))}`;
  }
  const text = whyWords(why, { machines } as Parameters<typeof whyWords>[1], words);
  if (isPinned && first && refused.has(first.code)) return words.t('run.preview.refused', { why: text });
  return words.t(toneOf(why) === 'never' ? 'run.preview.never' : 'run.preview.waits', { why: text });
}

export function Preview({ why, isOld, isPinned }: Shown) {
  const words = useWords();
  const machines = useTables((tables) => tables.machines);
  const [isOpen, setOpen] = useState(false);
  if (why === null) return <div className={cx('run-preview', `run-preview--${isOld ? 'old' : 'none'}`)} />;
  const tone = toneOf(why);
  return (
    <section
      className={cx('run-preview', isOld && 'run-preview--old')}
      data-tone={tone}
      aria-label={words.t('run.preview')}
      aria-live="polite"
    >
      <p className="run-preview__line">
        <Glyph kind={glyphs[tone]} size={14} />
        <span>{lineOf({ why, isPinned }, machines, words)}</span>
      </p>
      {why.machineCount > 1 && (
        <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary className="run-more__head">
            <ChevronRight />
            {words.t('run.preview.each')}
          </summary>
          {isOpen && <WhyList why={why} isDoor={false} />}
        </details>
      )}
    </section>
  );
}
