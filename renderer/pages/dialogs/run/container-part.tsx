// The task in a container of Docker or Podman. A machine without an engine says so, and what to install.
import { useWords } from '../../../app/messages/words.ts';
import { Checkbox, Segmented, TextArea, TextField } from '../../../kit/field.tsx';
import type { ContainerForm } from './options-form.ts';
import { type PartProps, useSay } from './part.tsx';

type FieldsProps = {
  readonly form: ContainerForm;
  readonly engines: readonly { readonly engine: 'docker' | 'podman'; readonly version: string }[];
  readonly say: ReturnType<typeof useSay>;
  readonly change: (part: Partial<ContainerForm>) => void;
};

function Source({ form, engines, say, change }: FieldsProps) {
  const words = useWords();
  const named = engines.map(({ engine, version }) => ({
    value: engine,
    text: `${words.t(`run.container.engine.${engine}`)} ${version}`.trim(),
  }));
  return (
    <>
      <TextField
        label={words.t('run.container.image')}
        isMono
        placeholder="python:3.12-slim"
        value={form.image}
        hint={words.t('run.container.image.hint')}
        fault={say('image')}
        onText={(image) => change({ image })}
      />
      <div className="run-choices">
        {engines.length > 1 && (
          <Choice
            label={words.t('run.container.engine')}
            value={form.engine}
            choices={[{ value: 'any' as const, text: words.t('run.container.engine.any') }, ...named]}
            hint={words.t('run.container.engine.hint')}
            onValue={(engine) => change({ engine })}
          />
        )}
        <Choice
          label={words.t('run.container.pull')}
          value={form.pull}
          choices={(['missing', 'always', 'never'] as const).map((value) => ({
            value,
            text: words.t(`run.container.pull.${value}`),
          }))}
          hint={words.t(`run.container.pull.${form.pull}.hint`)}
          onValue={(pull) => change({ pull })}
        />
        <Choice
          label={words.t('run.container.network')}
          value={form.network}
          choices={(['bridge', 'host', 'none'] as const).map((value) => ({
            value,
            text: words.t(`run.container.network.${value}`),
          }))}
          hint={words.t(`run.container.network.${form.network}.hint`)}
          onValue={(network) => change({ network })}
        />
      </div>
    </>
  );
}

function Choice<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly { readonly value: T; readonly text: string }[];
  /** What the one chosen means. */
  readonly hint: string;
  readonly onValue: (value: T) => void;
}) {
  const { hint, ...choices } = props;
  return (
    <div className="run-choice">
      <span className="field__label">{props.label}</span>
      <Segmented {...choices} />
      <p className="field__hint">{hint}</p>
    </div>
  );
}

function Doors({ form, say, change }: FieldsProps) {
  const words = useWords();
  return (
    <>
      <TextArea
        label={words.t('run.container.volumes')}
        isMono
        rows={2}
        placeholder="/srv/data:/data:ro"
        value={form.volumes}
        hint={words.t('run.container.volumes.hint')}
        fault={say('volumes')}
        onText={(volumes) => change({ volumes })}
      />
      {form.network === 'bridge' && (
        <TextArea
          label={words.t('run.container.ports')}
          isMono
          rows={2}
          placeholder="8080:80"
          value={form.ports}
          hint={words.t('run.container.ports.hint')}
          fault={say('ports')}
          onText={(ports) => change({ ports })}
        />
      )}
    </>
  );
}

export function ContainerPart({ options, faults, change, engines, machineName }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
  const form = options.container;
  const set = (part: Partial<ContainerForm>) => change({ container: { ...form, ...part } });
  if (engines === undefined || engines.length === 0) {
    return (
      <>
        <div className="dialog__note">
          <p>
            {machineName === ''
              ? words.t('run.container.nowhere')
              : words.t(engines === undefined ? 'run.container.unknown' : 'run.container.absent', {
                  name: machineName,
                })}
          </p>
          {engines !== undefined && <p>{words.t('run.container.absent.do')}</p>}
        </div>
        {form.isOn && (
          <Checkbox
            label={words.t('run.container.on')}
            checked={form.isOn}
            onChecked={(isOn) => set({ isOn })}
          />
        )}
      </>
    );
  }
  const fields = { form, engines, say, change: set };
  return (
    <>
      <Checkbox
        label={words.t('run.container.on')}
        hint={words.t('run.container.on.hint')}
        checked={form.isOn}
        onChecked={(isOn) => set({ isOn })}
      />
      {form.isOn && (
        <>
          <Source {...fields} />
          <Doors {...fields} />
        </>
      )}
    </>
  );
}
