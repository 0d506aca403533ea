// One line of a log: number, text with styles, marked matches. Everything is text; colours go through classes or CSSOM.
import { type MouseEvent, memo } from 'react';
import { useWords } from '../../app/messages/words.ts';
import { cx } from '../../kit/cx.ts';
import type { LogBuffer } from './log-buffer.ts';
import { occurrences } from './log-search.ts';
import { clipInks, type Ink, type InkStyle, inksOf } from './log-text.ts';

const lineCharsMost = 2000;
/** Of a very long line only this much is decoded for drawing. */
const lineBytesMost = 16_384;
const carriageReturn = 0x0d;

/** The bytes worth drawing: a line that was written over shows its newest part. */
function drawnBytes(buffer: LogBuffer, index: number): Uint8Array {
  if (buffer.lineLength(index) <= lineBytesMost) return buffer.lineBytes(index);
  const tail = buffer.lineTail(index, lineBytesMost);
  const at = tail.subarray(0, -1).lastIndexOf(carriageReturn);
  return at === -1 ? buffer.lineBytes(index, lineBytesMost) : tail.subarray(at + 1);
}

function inkClass(style: InkStyle): string {
  const { fg, bg } = style;
  return cx(
    typeof fg === 'number' && `ink-fg${fg}`,
    typeof bg === 'number' && `ink-bg${bg}`,
    style.isBold === true && 'ink-bold',
    style.isDim === true && 'ink-dim',
    style.isItalic === true && 'ink-italic',
    style.isUnderlined === true && 'ink-underline',
    style.isInverse === true && 'ink-inverse',
  );
}

function inkColours(style: InkStyle) {
  return {
    ...(typeof style.fg === 'string' ? { color: style.fg } : {}),
    ...(typeof style.bg === 'string' ? { backgroundColor: style.bg } : {}),
  };
}

type Piece = { readonly text: string; readonly style: InkStyle | null; readonly isHit: boolean };

/** Cuts inks at the borders of matches, which may span several inks. */
export function markHits(inks: readonly Ink[], query: string): readonly Piece[] {
  const whole = inks.map((ink) => ink.text).join('');
  const hits = occurrences(whole, query).map((from) => ({ from, to: from + query.length }));
  if (hits.length === 0) return inks.map((ink) => ({ ...ink, isHit: false }));
  const pieces: Piece[] = [];
  let at = 0;
  for (const ink of inks) {
    let from = 0;
    while (from < ink.text.length) {
      const position = at + from;
      const hit = hits.find((each) => each.to > position);
      const isHit = hit !== undefined && hit.from <= position;
      const border = hit === undefined ? ink.text.length : (isHit ? hit.to : hit.from) - at;
      const to = Math.min(ink.text.length, border);
      pieces.push({ text: ink.text.slice(from, to), style: ink.style, isHit });
      from = to;
    }
    at += ink.text.length;
  }
  return pieces;
}

export type LogLineProps = {
  readonly buffer: LogBuffer;
  /** Number since the start of the log, from 0. */
  readonly line: number;
  /** Changes when the line itself may have changed. */
  readonly length: number;
  readonly query: string;
  readonly isCurrent: boolean;
  readonly isChosen: boolean;
  readonly isWrapped: boolean;
  /** When it was begun; null = not known yet, false = times are not shown. */
  readonly time: number | null | false;
  readonly onNumber: (line: number, event: MouseEvent) => void;
  readonly onMore: (line: number) => void;
};

export const LogLine = memo(function LogLine(props: LogLineProps) {
  const words = useWords();
  const { buffer, line, query, isWrapped, length, time } = props;
  const bytes = drawnBytes(buffer, line - buffer.firstLine);
  const { inks, left } = clipInks(inksOf(bytes), lineCharsMost);
  const hidden =
    left + Math.max(0, bytes.length < length && length > lineBytesMost ? length - bytes.length : 0);
  return (
    <div
      className={cx(
        'log-line',
        props.isCurrent && 'log-line--current',
        props.isChosen && 'log-line--chosen',
        isWrapped && 'log-line--wrapped',
      )}
    >
      {/* Reached with the keyboard through copy all and save; numbers are a shortcut for the pointer. */}
      <span className="log-line__number" data-n={line + 1} onClick={(event) => props.onNumber(line, event)} />
      {time !== false && (
        <span className="log-line__time" title={time === null ? undefined : new Date(time).toISOString()}>
          {time === null ? '' : words.clock(time)}
        </span>
      )}
      <span className="log-line__text selectable">
        {markHits(inks, query).map((piece, index) => {
          const key = String(index);
          if (piece.isHit) return <mark key={key}>{piece.text}</mark>;
          if (piece.style === null) return piece.text;
          return (
            <span key={key} className={inkClass(piece.style)} style={inkColours(piece.style)}>
              {piece.text}
            </span>
          );
        })}
        {hidden > 0 && (
          <button type="button" className="log-line__more" onClick={() => props.onMore(line)}>
            {words.t('log.line-clipped', { n: hidden })}
          </button>
        )}
      </span>
    </div>
  );
});
