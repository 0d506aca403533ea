// Priority, restarts, time and the size of the log: small sections.
import { mib } from '../../../app/messages/amounts.ts';
import { useWords } from '../../../app/messages/words.ts';
import { Choices, Segmented, TextField } from '../../../kit/field.tsx';
import { namedPriorities, nameOfPriority, priorityNames } from '../../../parts/priority.ts';
import { priorityIn } from './fields.ts';
import { timeUnits } from './options-form.ts';
import { OptionNumber, type PartProps } from './part.tsx';

export function PriorityPart(part: PartProps) {
  const words = useWords();
  const { options, change } = part;
  const priority = priorityIn(options.priority);
  const name = priority === null ? null : nameOfPriority(priority);
  return (
    <OptionNumber
      part={part}
      name="priority"
      label={words.t('run.priority')}
      hint={words.t('run.priority.hint')}
      placeholder="0"
      isWide
      after={
        <Segmented
          label={words.t('run.priority.named')}
          value={name ?? 'own'}
          choices={priorityNames.map((value) => ({ value, text: words.t(`priority.${value}`) }))}
          onValue={(value) => {
            if (value !== 'own') change({ priority: String(namedPriorities[value]) });
          }}
        />
      }
    />
  );
}

export function RestartPart(part: PartProps) {
  const words = useWords();
  const { options, change } = part;
  return (
    <>
      <Choices
        label={words.t('run.restart')}
        value={options.restartOn}
        choices={(['never', 'failure', 'always'] as const).map((value) => ({
          value,
          text: words.t(`run.restart.${value}`),
          hint: words.t(`run.restart.${value}.hint`),
        }))}
        onValue={(restartOn) => change({ restartOn })}
      />
      {options.restartOn !== 'never' && (
        <>
          <OptionNumber
            part={part}
            name="maxInRow"
            label={words.t('run.restart.in-row')}
            hint={words.t('run.restart.in-row.hint')}
          />
          <p className="field__hint">{words.t('run.restart.alone')}</p>
        </>
      )}
    </>
  );
}

export function TimePart(
  props: PartProps & {
    readonly graceS: string;
    readonly graceFault: string | null;
    readonly onGrace: (graceS: string) => void;
  },
) {
  const words = useWords();
  const { options, change } = props;
  return (
    <>
      <OptionNumber
        part={props}
        name="mostTime"
        label={words.t('run.time.most')}
        hint={words.t('run.time.most.hint')}
        isDecimal
        isWide
        after={
          <Segmented
            label={words.t('run.time.unit')}
            value={options.mostTimeUnit}
            choices={timeUnits.map((value) => ({ value, text: words.t(`run.time.unit.${value}`) }))}
            onValue={(mostTimeUnit) => change({ mostTimeUnit })}
          />
        }
      />
      <TextField
        label={words.t('run.grace')}
        width="short"
        inputMode="decimal"
        value={props.graceS}
        hint={words.t('run.grace.hint')}
        fault={props.graceFault}
        onText={props.onGrace}
      />
    </>
  );
}

export function LogPart(part: PartProps) {
  const words = useWords();
  const hint = words.t('run.log.hint', { size: mib(part.keeping.logMibPerTask) });
  return <OptionNumber part={part} name="logMib" label={words.t('run.log')} hint={hint} />;
}
