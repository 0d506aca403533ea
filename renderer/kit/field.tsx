// Form fields: label above, hint or the fault in words below. The fault is announced and tied to its control.
import './field.css';
import {
  type InputHTMLAttributes,
  type KeyboardEventHandler,
  type ReactNode,
  type Ref,
  type TextareaHTMLAttributes,
  useId,
} from 'react';
import { cx } from './cx.ts';

type Around = {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly fault?: string | null;
  readonly width?: 'full' | 'short' | 'tiny';
  /** Where the label stands already, said by something else. */
  readonly isLabelHidden?: boolean;
  /** The id of a hint that stands elsewhere, for several fields together. */
  readonly describedBy?: string;
};

/** What is read out after the label: what stands below the field, then what is said of it elsewhere. */
function descriptionOf(id: string, { hint, fault, describedBy }: Omit<Around, 'label'>): string | undefined {
  const isBelow = hint !== undefined || typeof fault === 'string';
  return [isBelow && `${id}-below`, describedBy].filter(Boolean).join(' ') || undefined;
}

function Below(props: { readonly id: string; readonly hint?: ReactNode; readonly fault: string | null }) {
  const { id, hint, fault } = props;
  if (fault === null && hint === undefined) return null;
  return (
    <div id={id}>
      {fault !== null && (
        <p role="alert" className="field__fault">
          {fault}
        </p>
      )}
      {hint !== undefined && <p className="field__hint">{hint}</p>}
    </div>
  );
}

export type TextFieldProps = Around &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'className' | 'style' | 'width'> & {
    readonly onText: (text: string) => void;
    readonly isMono?: boolean;
    readonly after?: ReactNode;
    readonly inputRef?: Ref<HTMLInputElement>;
  };

export function TextField(props: TextFieldProps) {
  const { label, hint, fault, width = 'full', onText, isMono = false, after, inputRef, ...others } = props;
  const { isLabelHidden = false, describedBy: _said, ...rest } = others;
  const id = useId();
  const isBad = fault !== null && fault !== undefined;
  return (
    <div className={cx('field', `field--${width}`)}>
      <label htmlFor={id} className={isLabelHidden ? 'sr-only' : 'field__label'}>
        {label}
      </label>
      <div className="field__row">
        <input
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          {...rest}
          ref={inputRef}
          id={id}
          aria-invalid={isBad}
          aria-describedby={descriptionOf(id, props)}
          className={cx('input', isMono && 'mono')}
          onChange={(event) => onText(event.target.value)}
        />
        {after}
      </div>
      <Below id={`${id}-below`} hint={hint} fault={fault ?? null} />
    </div>
  );
}

export type TextAreaProps = Around &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'className' | 'style' | 'width'> & {
    readonly onText: (text: string) => void;
    readonly isMono?: boolean;
  };

export function TextArea(props: TextAreaProps) {
  const { label, hint, fault, width = 'full', onText, isMono = false, isLabelHidden, ...others } = props;
  const { describedBy: _said, ...rest } = others;
  const id = useId();
  const isBad = fault !== null && fault !== undefined;
  return (
    <div className={cx('field', `field--${width}`)}>
      <label htmlFor={id} className={isLabelHidden === true ? 'sr-only' : 'field__label'}>
        {label}
      </label>
      <textarea
        spellCheck={false}
        rows={3}
        {...rest}
        id={id}
        aria-invalid={isBad}
        aria-describedby={descriptionOf(id, props)}
        className={cx('input', 'input--area', isMono && 'mono')}
        onChange={(event) => onText(event.target.value)}
      />
      <Below id={`${id}-below`} hint={hint} fault={fault ?? null} />
    </div>
  );
}

const leaveByKey: KeyboardEventHandler<HTMLInputElement> = ({ key, currentTarget }) => {
  if (key === 'Escape' || key === 'Enter') currentTarget.blur();
};

export function SearchField(props: {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
  readonly icon: ReactNode;
  readonly inputRef?: Ref<HTMLInputElement>;
  /** Without it Escape and Enter leave the field. */
  readonly onKeyDown?: KeyboardEventHandler<HTMLInputElement>;
  readonly after?: ReactNode;
}) {
  return (
    <div className="search">
      {props.icon}
      <input
        ref={props.inputRef}
        type="search"
        className="search__input"
        aria-label={props.label}
        placeholder={props.label}
        value={props.value}
        spellCheck={false}
        autoComplete="off"
        onKeyDown={props.onKeyDown ?? leaveByKey}
        onChange={(event) => props.onText(event.target.value)}
      />
      {props.after}
    </div>
  );
}

export function Checkbox(props: {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChecked: (checked: boolean) => void;
  readonly hint?: ReactNode;
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        className="check__box"
        checked={props.checked}
        onChange={(event) => props.onChecked(event.target.checked)}
      />
      <span className="check__text">
        {props.label}
        {props.hint !== undefined && <span className="check__hint">{props.hint}</span>}
      </span>
    </label>
  );
}

export type Choice<T extends string> = { readonly value: T; readonly text: string; readonly hint?: string };

/** Radio buttons with a hint each: for choices with consequences. */
export function Choices<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onValue: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend className="sr-only">{props.label}</legend>
      {props.choices.map((choice) => (
        <label key={choice.value} className="check">
          <input
            type="radio"
            className="check__box check__box--round"
            name={name}
            checked={props.value === choice.value}
            onChange={() => props.onValue(choice.value)}
          />
          <span className="check__text">
            {choice.text}
            {choice.hint !== undefined && <span className="check__hint">{choice.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A row of joined buttons of which one is on; arrows move, as in a radio group. */
export function Segmented<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly (Choice<T> & { readonly count?: number })[];
  readonly onValue: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="segmented" aria-label={props.label}>
      {props.choices.map((choice) => (
        <label key={choice.value} className="segmented__item">
          <input
            type="radio"
            className="sr-only"
            name={name}
            checked={props.value === choice.value}
            onChange={() => props.onValue(choice.value)}
          />
          {choice.text}
          {choice.count !== undefined && <span className="segmented__count">{choice.count}</span>}
        </label>
      ))}
    </fieldset>
  );
}
