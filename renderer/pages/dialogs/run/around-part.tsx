// What stands around the command: its environment, folder and user, and the labels it is found by.
import { useWords } from '../../../app/messages/words.ts';
import { TextArea, TextField } from '../../../kit/field.tsx';
import type { RunFaults, RunForm } from '../run-task-form.ts';
import { OptionLines, type PartProps } from './part.tsx';

export function AroundPart(props: {
  readonly part: PartProps;
  readonly form: RunForm;
  readonly faults: RunFaults;
  readonly change: (part: Partial<RunForm>) => void;
}) {
  const words = useWords();
  const { part, form, faults, change } = props;
  const { agent } = part;
  const user = agent?.facts.user ?? '';
  const canSwitch = agent === undefined || (agent.facts.isolation?.users ?? agent.facts.uid === 0);
  const say = (field: 'env' | 'user') => {
    const fault = faults[field];
    return fault === undefined ? null : words.t(fault.key, fault.args);
  };
  return (
    <>
      <TextArea
        label={words.t('run.env')}
        isMono
        rows={2}
        placeholder="SEED=7"
        value={form.env}
        hint={words.t('run.env.hint')}
        fault={say('env')}
        onText={(env) => change({ env })}
      />
      <div className="dialog__row">
        <TextField
          label={words.t('run.folder')}
          isMono
          value={form.folder}
          hint={words.t('run.folder.hint')}
          onText={(folder) => change({ folder })}
        />
        <TextField
          label={words.t('run.user')}
          value={form.user}
          disabled={!canSwitch}
          hint={words.t(canSwitch ? 'run.user.hint' : 'run.user.fixed', { user })}
          fault={say('user')}
          onText={(text) => change({ user: text })}
        />
      </div>
      <OptionLines
        part={part}
        name="labels"
        label={words.t('run.labels')}
        hint={words.t('run.labels.hint')}
        placeholder="team=vision"
      />
    </>
  );
}
