// The handles at the right ends of slices: dragged with the pointer, or moved by arrows, page keys, Home and End.
import type { KeyboardEvent, PointerEvent } from 'react';
import type { Words } from '../../../app/messages/words.ts';
import { followPointer } from '../../../kit/follow-pointer.ts';
import { type ScalarName, scalarText } from '../../../parts/scalar-words.ts';
import type { MachineSlices } from '../../../parts/slices.ts';
import { amountsOf, boundsOf, type DraftSlice, stepOf } from './partition-form.ts';

type Props = {
  readonly base: MachineSlices;
  readonly drafts: readonly DraftSlice[];
  readonly name: ScalarName;
  readonly words: Words;
  readonly onMove: (at: number, name: ScalarName, amount: number) => void;
};

const bigSteps = 10;

function wantedByKey(key: string, now: number, step: number, most: number): number | null {
  const wanted: Readonly<Record<string, number>> = {
    ArrowRight: now + step,
    ArrowUp: now + step,
    ArrowLeft: now - step,
    ArrowDown: now - step,
    PageUp: now + bigSteps * step,
    PageDown: now - bigSteps * step,
    Home: 0,
    End: most,
  };
  return wanted[key] ?? null;
}

function Handle(props: Props & { readonly at: number; readonly startsAt: number }) {
  const { base, drafts, name, words, at, startsAt, onMove } = props;
  const draft = drafts[at];
  if (draft === undefined) return null;
  const total = base.total[name];
  const now = amountsOf(draft)[name];
  const bounds = boundsOf(base, drafts, at, name);
  const start = (event: PointerEvent<HTMLSpanElement>) => {
    event.preventDefault();
    const handle = event.currentTarget;
    const bar = handle.parentElement?.getBoundingClientRect();
    handle.focus();
    if (bar === undefined || bar.width === 0) return;
    followPointer(event, (clientX) =>
      onMove(at, name, ((clientX - bar.left) / bar.width) * total - startsAt),
    );
  };
  const key = (event: KeyboardEvent) => {
    const wanted = wantedByKey(event.key, now, stepOf(name, total), bounds.most);
    if (wanted === null) return;
    event.preventDefault();
    onMove(at, name, wanted);
  };
  const role = draft.role === '' ? words.t('slices.new') : draft.role;
  return (
    <span
      role="slider"
      tabIndex={0}
      aria-label={words.t('slices.handle', { resource: words.t(`scalar.${name}`), role })}
      aria-valuemin={bounds.least}
      aria-valuemax={bounds.most}
      aria-valuenow={now}
      aria-valuetext={scalarText(name, now)}
      className="slice-bar__handle"
      style={{ left: `${total === 0 ? 0 : (Math.min(total, startsAt + now) / total) * 100}%` }}
      onPointerDown={start}
      onKeyDown={key}
    />
  );
}

export function SliceHandles(props: Props) {
  const { drafts, name } = props;
  let startsAt = 0;
  return drafts.map((draft, at) => {
    const handle = <Handle key={draft.key} {...props} at={at} startsAt={startsAt} />;
    startsAt += amountsOf(draft)[name];
    return handle;
  });
}
