// Restarts, time and the size of the log: three small sections.
import { mib } from '../../../app/messages/amounts.ts';
import { useWords } from '../../../app/messages/words.ts';
import { Choices, Segmented, TextField } from '../../../kit/field.tsx';
import { timeUnits } from './options-form.ts';
import { type PartProps, useSay } from './part.tsx';

export function RestartPart({ options, faults, change }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
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
          <TextField
            label={words.t('run.restart.in-row')}
            width="short"
            inputMode="numeric"
            value={options.maxInRow}
            hint={words.t('run.restart.in-row.hint')}
            fault={say('maxInRow')}
            onText={(maxInRow) => change({ maxInRow })}
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
  const { options, faults, change } = props;
  const say = useSay(faults);
  return (
    <>
      <TextField
        label={words.t('run.time.most')}
        inputMode="decimal"
        value={options.mostTime}
        hint={words.t('run.time.most.hint')}
        fault={say('mostTime')}
        onText={(mostTime) => change({ mostTime })}
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

export function LogPart({ options, faults, change, keeping }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
  return (
    <TextField
      label={words.t('run.log')}
      width="short"
      inputMode="numeric"
      value={options.logMib}
      hint={words.t('run.log.hint', { size: mib(keeping.logMibPerTask) })}
      fault={say('logMib')}
      onText={(logMib) => change({ logMib })}
    />
  );
}
