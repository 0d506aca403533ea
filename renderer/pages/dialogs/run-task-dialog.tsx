// Run a task on any machine or on one, with a preview of what would become of it. Nothing typed here is remembered.
import { useId, useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { isReason } from '../../../electron/contract/reasons.ts';
import type { Resources } from '../../../electron/contract/resources.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import type { Why } from '../../../electron/contract/waiting.ts';
import { openTask } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Segmented, TextArea, TextField } from '../../kit/field.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { agentOf, healthOf, machineList } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { Refused } from './refused.tsx';
import type { Fault } from './run/fields.ts';
import { MoreOptions } from './run/more-options.tsx';
import { freeOn, PlacePart } from './run/place-part.tsx';
import { Preview, usePreview } from './run/preview.tsx';
import { fieldOfRefusal } from './run/refusal-field.ts';
import {
  emptyRun,
  type RunFaults,
  type RunField,
  type RunForm,
  runFaults,
  runRequest,
  runSamples,
} from './run-task-form.ts';

type Part = {
  readonly form: RunForm;
  readonly faults: RunFaults;
  readonly change: (part: Partial<RunForm>) => void;
};

function enginesOn(tables: Tables, id: string | null) {
  const machine = id === null ? undefined : tables.machines.get(id);
  return machine && agentOf(tables, machine)?.facts.engines;
}

function totalOn(tables: Tables, id: string | null): Resources | null {
  const machine = id === null ? undefined : tables.machines.get(id);
  return (machine && agentOf(tables, machine)?.resources) ?? null;
}

/** The machine asked for; else any, when there is a choice. */
function startingMachine(tables: Tables, wanted: MachineId | null): MachineId | null {
  if (wanted !== null) return wanted;
  const [first, ...others] = machineList(tables.machines);
  return others.length > 0 ? null : (first?.id ?? null);
}

/** Most that any live machine has. */
function mostGpus(tables: Tables): number {
  let most = 0;
  for (const machine of tables.machines.values())
    if (healthOf(tables, machine).isFresh) most = Math.max(most, freeOn(tables, machine.id)?.gpus ?? 0);
  return most;
}

function useFault(faults: RunFaults) {
  const words = useWords();
  return (field: RunField): string | null => {
    const fault = faults[field];
    return fault === undefined ? null : words.t(fault.key, fault.args);
  };
}

function Command({ form, faults, change }: Part) {
  const words = useWords();
  const say = useFault(faults);
  const kinds = [
    { value: 'shell', text: words.t('run.command.shell') },
    { value: 'argv', text: words.t('run.command.argv') },
  ] as const;
  return (
    <div className="dialog__group">
      <div className="run-kinds">
        <Segmented
          label={words.t('run.kind')}
          value={form.isShell ? 'shell' : 'argv'}
          choices={kinds}
          onValue={(kind) => change({ isShell: kind === 'shell' })}
        />
      </div>
      <TextArea
        label={words.t('run.command')}
        isMono
        rows={3}
        data-first
        value={form.isShell ? form.line : form.argv}
        placeholder={form.isShell ? 'echo hello' : '/usr/bin/python3\n-u\ntrain.py'}
        hint={words.t(form.isShell ? 'run.command.shell.hint' : 'run.command.argv.hint')}
        fault={say('command')}
        onText={(text) => change(form.isShell ? { line: text } : { argv: text })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
            event.currentTarget.form?.requestSubmit();
        }}
      />
      <div className="run-samples">
        <span className="dim">{words.t('run.samples')}</span>
        {runSamples.map((sample) => (
          <Button key={sample.key} compact look="quiet" onClick={() => change(sample.change)}>
            {words.t(`run.sample.${sample.key}`)}
          </Button>
        ))}
      </div>
    </div>
  );
}

function NameAndRoom({ form, faults, change }: Part) {
  const words = useWords();
  const say = useFault(faults);
  const hintId = useId();
  return (
    <div className="dialog__group">
      <div className="dialog__row">
        <TextField
          label={words.t('run.name')}
          placeholder={words.t('run.name.hint')}
          maxLength={200}
          value={form.name}
          onText={(name) => change({ name })}
        />
        <TextField
          label={words.t('run.cpus')}
          width="tiny"
          inputMode="decimal"
          describedBy={hintId}
          value={form.cpus}
          fault={say('cpus')}
          onText={(text) => change({ cpus: text })}
        />
        <TextField
          label={words.t('run.mem')}
          width="short"
          inputMode="numeric"
          describedBy={hintId}
          value={form.mem}
          fault={say('mem')}
          onText={(mem) => change({ mem })}
        />
      </div>
      <p className="field__hint" id={hintId}>
        {words.t('run.room.hint')}
      </p>
    </div>
  );
}

/** The refusal once more, at the field it is about. */
function refusedField(refusal: Refusal | null, { options }: RunForm): RunFaults {
  if (refusal === null || !isReason(refusal.reason)) return {};
  const fault: Fault = { key: `refusal.${refusal.reason}` };
  const field = fieldOfRefusal(refusal, options.files);
  return field === null ? {} : { [field]: fault };
}

/** What was typed there is said to be wrong at once: the preview depends on it. */
function typedFaults({ where }: RunForm, faults: RunFaults): RunFaults {
  return where === '' || faults.where === undefined ? {} : { where: faults.where };
}

/** With these it cannot be said where it would go. */
function faultyPlace({ where, cpus, mem, disk, gpus }: RunFaults): boolean {
  return [where, cpus, mem, disk, gpus].some((fault) => fault !== undefined);
}

function willWait(why: Why | null): boolean {
  return why !== null && why.groups[0]?.code !== 'fits';
}

type RunProps = {
  readonly machineId: MachineId | null;
  readonly sample: string;
  readonly onClose: () => void;
};

function useRunForm(props: RunProps) {
  const start = useTables((tables) => startingMachine(tables, props.machineId));
  const [form, setForm] = useState<RunForm>(() => ({
    ...emptyRun,
    machineId: start,
    ...runSamples.find((sample) => sample.key === props.sample)?.change,
  }));
  const total = useTables((tables) => totalOn(tables, form.machineId));
  const isAny = form.machineId === null;
  const gpusFree = useTables((tables) =>
    isAny ? mostGpus(tables) : (freeOn(tables, form.machineId)?.gpus ?? 0),
  );
  // Of any machine the preview says it.
  const hasEngine = useTables((tables) => isAny || (enginesOn(tables, form.machineId)?.length ?? 0) > 0);
  const change = (part: Partial<RunForm>) => setForm((old) => ({ ...old, ...part }));
  return { form, change, gpusFree, faults: runFaults(form, { total, hasEngine }) };
}

export function RunTaskDialog(props: RunProps) {
  const words = useWords();
  const { onClose } = props;
  const { form, change, faults, gpusFree } = useRunForm(props);
  const preview = usePreview(faultyPlace(faults) ? null : runRequest(form));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const run = async () => {
    setTried(true);
    const request = runRequest(form);
    if (request === null || Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const answer = await call('task:run', request);
    setBusy(false);
    if (!answer.ok) {
      setRefusal(answer.refusal);
      return;
    }
    onClose();
    openTask(answer.value.taskId);
  };
  // What was refused is true until something is changed.
  const edit = (part: Partial<RunForm>) => {
    setRefusal(null);
    change(part);
  };
  const shown = { ...(isTried ? faults : typedFaults(form, faults)), ...refusedField(refusal, form) };
  const part = { form, faults: shown, change: edit };
  return (
    <Dialog
      title={words.t('run.title')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(run(), 'shows its own refusal')}
      answer={refusal}
      strip={<Preview {...preview} />}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="primary" type="submit" disabled={isBusy}>
            {words.t(willWait(preview.why) ? 'run.submit.wait' : 'run.submit')}
          </Button>
        </>
      }
    >
      <Command {...part} />
      <PlacePart {...part} />
      <NameAndRoom {...part} />
      <MoreOptions {...part} gpusFree={gpusFree} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
