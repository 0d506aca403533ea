// One section under “More”: closed it says in one line what is set; a fault inside opens it.
import { ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { AgentRecord } from '../../../../electron/contract/machine.ts';
import type { Keeping } from '../../../../electron/contract/wire.ts';
import { useWords } from '../../../app/messages/words.ts';
import { cx } from '../../../kit/cx.ts';
import { TextArea, TextField } from '../../../kit/field.tsx';
import type { Fault } from './fields.ts';
import type { OptionsForm } from './options-form.ts';
import type { OptionFaults, OptionField } from './options-read.ts';
import type { PartName } from './summaries.ts';

/** What every section gets. */
export type PartProps = {
  readonly options: OptionsForm;
  readonly faults: OptionFaults;
  readonly change: (part: Partial<OptionsForm>) => void;
  readonly agent: AgentRecord | undefined;
  /** Empty: on any machine. */
  readonly machineName: string;
  /** Of the machine, or of all of them. */
  readonly engines: AgentRecord['facts']['engines'];
  readonly gpusFree: number;
  readonly keeping: Keeping;
};

export function useSay(faults: OptionFaults): (field: OptionField) => string | null {
  const words = useWords();
  return (field) => {
    const fault: Fault | undefined = faults[field];
    return fault === undefined ? null : words.t(fault.key, fault.args);
  };
}

type NumberName =
  | 'priority'
  | 'limitCpus'
  | 'limitPids'
  | 'disk'
  | 'gpus'
  | 'maxInRow'
  | 'mostTime'
  | 'logMib';
type LinesName = 'labels' | 'results';
type OptionProps<Name extends NumberName | LinesName> = {
  readonly part: Pick<PartProps, 'options' | 'faults' | 'change'>;
  readonly name: Name;
  readonly label: string;
  readonly hint: string;
};

/** One number of the form: it is called like its fault. */
export function OptionNumber(
  props: OptionProps<NumberName> & {
    readonly isDecimal?: boolean;
    readonly isWide?: boolean;
    readonly placeholder?: string;
    readonly after?: ReactNode;
  },
) {
  const { part, name, label, hint, isDecimal = false, isWide = false, placeholder = '', after } = props;
  const say = useSay(part.faults);
  return (
    <TextField
      label={label}
      width={isWide ? 'full' : 'short'}
      inputMode={isDecimal ? 'decimal' : 'numeric'}
      value={part.options[name]}
      placeholder={placeholder}
      hint={hint}
      fault={say(name)}
      after={after}
      onText={(text) => part.change({ [name]: text })}
    />
  );
}

/** Something a line, called like its fault. */
export function OptionLines(props: OptionProps<LinesName> & { readonly placeholder: string }) {
  const { part, name, label, hint, placeholder } = props;
  const say = useSay(part.faults);
  return (
    <TextArea
      label={label}
      isMono
      rows={2}
      placeholder={placeholder}
      value={part.options[name]}
      hint={hint}
      fault={say(name)}
      onText={(text) => part.change({ [name]: text })}
    />
  );
}

export function Part(props: {
  readonly name: PartName;
  readonly summary: string;
  readonly isFaulty: boolean;
  readonly children: ReactNode;
}) {
  const words = useWords();
  const { name, summary, isFaulty } = props;
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isFaulty) setOpen(true);
  }, [isFaulty]);
  return (
    <details
      className="run-part"
      data-part={name}
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary className="run-part__head">
        <ChevronRight />
        <span className="run-part__title">{words.t(`run.part.${name}`)}</span>
        <span className={cx('run-part__sum clip', isFaulty && 't-failed')} title={summary}>
          {isFaulty ? words.t('run.sum.faulty') : summary}
        </span>
      </summary>
      {isOpen && <div className="run-part__body">{props.children}</div>}
    </details>
  );
}
