// Select on the accessible primitive.
import './float.css';
import './select.css';
import { Select as Base } from '@base-ui/react/select';
import { Check, ChevronsUpDown } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { cx } from './cx.ts';

export type Option = {
  readonly value: string;
  readonly text: string;
  readonly hint?: string;
  readonly isDisabled?: boolean;
  readonly mark?: ReactNode;
};

function Trigger(props: {
  readonly labelledBy: string;
  readonly chosen: Option | undefined;
  readonly placeholder: string;
  readonly isMono: boolean;
  readonly isBad: boolean;
}) {
  const { chosen, isMono, isBad } = props;
  return (
    <Base.Trigger
      className={cx('select', isMono && 'mono')}
      aria-labelledby={props.labelledBy}
      data-bad={isBad || undefined}
      aria-invalid={isBad || undefined}
    >
      <Base.Value className="select__value">
        {chosen === undefined ? (
          <span className="faint">{props.placeholder}</span>
        ) : (
          <>
            {chosen.mark}
            {chosen.text}
            {chosen.hint !== undefined && <span className="select__hint">{chosen.hint}</span>}
          </>
        )}
      </Base.Value>
      <Base.Icon className="select__icon">
        <ChevronsUpDown />
      </Base.Icon>
    </Base.Trigger>
  );
}

function Popup({ options, isMono }: { readonly options: readonly Option[]; readonly isMono: boolean }) {
  return (
    <Base.Portal>
      <Base.Positioner className="float-layer" sideOffset={4} alignItemWithTrigger={false}>
        <Base.Popup className="menu menu--select">
          <Base.List>
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                disabled={option.isDisabled ?? false}
                className={cx('menu__item', isMono && 'mono')}
              >
                <span className="menu__tick">
                  <Base.ItemIndicator>
                    <Check />
                  </Base.ItemIndicator>
                </span>
                {option.mark}
                <Base.ItemText>{option.text}</Base.ItemText>
                {option.hint !== undefined && <span className="menu__keys">{option.hint}</span>}
              </Base.Item>
            ))}
          </Base.List>
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

export function Select(props: {
  readonly label: string;
  readonly value: string | null;
  readonly options: readonly Option[];
  readonly onValue: (value: string) => void;
  readonly placeholder?: string;
  readonly hint?: string;
  readonly fault?: string | null;
  readonly isMono?: boolean;
  readonly isLabelHidden?: boolean;
  readonly after?: ReactNode;
}) {
  const id = useId();
  const { label, value, options, onValue, placeholder = '', hint, fault = null, isMono = false } = props;
  const chosen = options.find((option) => option.value === value);
  const below = fault ?? hint;
  return (
    <div className="field field--full">
      <span id={id} className={props.isLabelHidden === true ? 'sr-only' : 'field__label'}>
        {label}
      </span>
      <div className="field__row">
        <Base.Root
          value={value}
          onValueChange={(next) => {
            if (typeof next === 'string') onValue(next);
          }}
        >
          <Trigger
            labelledBy={id}
            chosen={chosen}
            placeholder={placeholder}
            isMono={isMono}
            isBad={fault !== null}
          />
          <Popup options={options} isMono={isMono} />
        </Base.Root>
        {props.after}
      </div>
      {below !== undefined && below !== null && (
        <p
          className={fault === null ? 'field__hint' : 'field__fault'}
          role={fault === null ? undefined : 'alert'}
        >
          {below}
        </p>
      )}
    </div>
  );
}
