// Small parts: key cap, empty state, copyable text, splitter, skeleton lines.
import './parts.css';
import { Check, Copy } from 'lucide-react';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';
import { followPointer } from './follow-pointer.ts';

export function Keys({ keys }: { readonly keys: readonly string[] }) {
  return (
    <span className="keys">
      {keys.map((key) => (
        <kbd key={key} className="kbd">
          {key}
        </kbd>
      ))}
    </span>
  );
}

export function Empty(props: {
  readonly text: string;
  readonly actions?: ReactNode;
  readonly ghost?: ReactNode;
  readonly hint?: string;
}) {
  return (
    <div className="empty">
      {props.ghost !== undefined && (
        <div className="empty__ghost" aria-hidden="true" inert>
          {props.ghost}
        </div>
      )}
      <div className="empty__words">
        <p className="empty__text">{props.text}</p>
        {props.hint !== undefined && <p className="dim">{props.hint}</p>}
        {props.actions !== undefined && <div className="empty__actions">{props.actions}</div>}
      </div>
    </div>
  );
}

/** A text to take elsewhere: fingerprint, command, id. */
export function Copyable(props: {
  readonly text: string;
  readonly copyLabel: string;
  readonly copiedLabel: string;
  readonly onCopy: (text: string) => void;
  readonly isQuiet?: boolean;
}) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <span className={cx('copyable', props.isQuiet === true && 'copyable--quiet')}>
      <code className="copyable__text selectable">{props.text}</code>
      <IconButton
        size="small"
        label={isCopied ? props.copiedLabel : props.copyLabel}
        icon={isCopied ? <Check /> : <Copy />}
        onClick={() => {
          props.onCopy(props.text);
          setCopied(true);
        }}
      />
    </span>
  );
}

/** Drag handle at the left edge of a region; arrows move it by 16 px. */
export function Splitter(props: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onValue: (value: number) => void;
}) {
  const { label, value, min, max, onValue } = props;
  const set = (next: number) => onValue(Math.round(Math.min(max, Math.max(min, next))));
  const start = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const { clientX: fromX } = event;
    followPointer(event, (clientX) => set(value + fromX - clientX));
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') set(value + 16);
    else if (event.key === 'ArrowRight') set(value - 16);
    else if (event.key === 'Home') set(max);
    else if (event.key === 'End') set(min);
    else return;
    event.preventDefault();
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      tabIndex={0}
      className="splitter"
      onPointerDown={start}
      onKeyDown={key}
    />
  );
}
