// Health and readiness: how the task is asked, how often, and how patiently.
import { useId } from 'react';
import { useWords } from '../../../app/messages/words.ts';
import { Segmented, TextField } from '../../../kit/field.tsx';
import { type CheckForm, type CheckName, probeKinds } from './options-form.ts';
import type { OptionField } from './options-read.ts';
import { type PartProps, useSay } from './part.tsx';

type CheckProps = {
  readonly name: CheckName;
  readonly form: CheckForm;
  readonly say: (field: OptionField) => string | null;
  readonly change: (part: Partial<CheckForm>) => void;
};

function Probe({ name, form, say, change }: CheckProps) {
  const words = useWords();
  const hintId = useId();
  if (form.kind === 'command') {
    return (
      <TextField
        label={words.t('run.check.line')}
        isMono
        value={form.line}
        placeholder="test -e ready"
        hint={words.t('run.check.command.hint')}
        fault={say(`${name}.line`)}
        onText={(line) => change({ line })}
      />
    );
  }
  return (
    <div className="dialog__group">
      <div className="dialog__row">
        <TextField
          label={words.t('run.check.port')}
          width="tiny"
          inputMode="numeric"
          describedBy={hintId}
          value={form.port}
          placeholder="8080"
          fault={say(`${name}.port`)}
          onText={(port) => change({ port })}
        />
        {form.kind === 'http' && (
          <TextField
            label={words.t('run.check.path')}
            isMono
            value={form.path}
            fault={say(`${name}.path`)}
            onText={(path) => change({ path })}
          />
        )}
      </div>
      <p className="field__hint" id={hintId}>
        {words.t(form.kind === 'http' ? 'run.check.http.hint' : 'run.check.tcp.hint')}
      </p>
    </div>
  );
}

function Pace({ name, form, say, change }: CheckProps) {
  const words = useWords();
  const isHealth = name === 'health';
  const hintId = useId();
  const field = (key: 'delayS' | 'intervalS' | 'timeoutS' | 'failures' | 'graceS', label: string) => (
    <TextField
      label={label}
      width="tiny"
      describedBy={hintId}
      inputMode="decimal"
      value={form[key]}
      fault={say(`${name}.${key}`)}
      onText={(text) => change({ [key]: text })}
    />
  );
  return (
    <div className="dialog__group">
      <div className="run-pace">
        {field('delayS', words.t('run.check.delay'))}
        {field('intervalS', words.t('run.check.interval'))}
        {field('timeoutS', words.t('run.check.timeout'))}
        {isHealth && field('failures', words.t('run.check.failures'))}
        {isHealth && field('graceS', words.t('run.check.grace'))}
      </div>
      <p className="field__hint" id={hintId}>
        {words.t(isHealth ? 'run.check.pace.health' : 'run.check.pace.readiness')}
      </p>
    </div>
  );
}

function CheckFields(props: CheckProps & { readonly warning: string | null }) {
  const words = useWords();
  const { name, form, change, warning } = props;
  return (
    <fieldset className="run-check">
      <legend className="run-check__title">{words.t(`run.check.${name}`)}</legend>
      <p className="field__hint">{words.t(`run.check.${name}.hint`)}</p>
      <Segmented
        label={words.t(`run.check.${name}`)}
        value={form.kind}
        choices={probeKinds.map((value) => ({ value, text: words.t(`run.check.${value}`) }))}
        onValue={(kind) => change({ kind })}
      />
      {form.kind !== 'none' && (
        <>
          <Probe {...props} />
          <Pace {...props} />
          {warning !== null && (
            <p className="run-worth" data-strength="partly">
              {warning}
            </p>
          )}
        </>
      )}
    </fieldset>
  );
}

export function ChecksPart({ options, faults, change }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
  return (
    <>
      {(['health', 'readiness'] as const).map((name) => (
        <CheckFields
          key={name}
          name={name}
          form={options[name]}
          say={say}
          warning={
            name === 'health' && options.restartOn === 'never' ? words.t('run.check.health.no-restart') : null
          }
          change={(part) => change({ [name]: { ...options[name], ...part } })}
        />
      ))}
    </>
  );
}
