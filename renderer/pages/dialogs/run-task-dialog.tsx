// Run a task on one machine. Nothing typed here is remembered by the window.
import { useId, useMemo, useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { isReason } from '../../../electron/contract/reasons.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import { openTask } from '../../app/acts.ts';
import { cpus, mib } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Segmented, TextArea, TextField } from '../../kit/field.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { type Option, Select } from '../../kit/select.tsx';
import { activeTasksOf, agentOf, type Free, freeOf, healthOf, machineList } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { Refused } from './refused.tsx';
import type { Fault } from './run/fields.ts';
import { MoreOptions } from './run/more-options.tsx';
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

function freeOn(tables: Tables, id: string | null): Free | null {
  const machine = id === null ? undefined : tables.machines.get(id);
  const agent = machine && agentOf(tables, machine);
  return agent === undefined ? null : freeOf(agent.resources, activeTasksOf(tables, agent.machineId));
}

function enginesOn(tables: Tables, id: string | null) {
  const machine = id === null ? undefined : tables.machines.get(id);
  return machine && agentOf(tables, machine)?.facts.engines;
}

/** The machine asked for, else the live one with the most free cpus. */
function startingMachine(tables: Tables, wanted: MachineId | null): MachineId | null {
  if (wanted !== null) return wanted;
  let best: { id: MachineId; free: number } | null = null;
  for (const machine of machineList(tables.machines)) {
    if (!healthOf(tables, machine).isFresh) continue;
    const free = freeOn(tables, machine.id)?.cpusMilli ?? 0;
    if (best === null || free > best.free) best = { id: machine.id, free };
  }
  return best?.id ?? null;
}

function useFault(faults: RunFaults) {
  const words = useWords();
  return (field: RunField): string | null => {
    const fault = faults[field];
    return fault === undefined ? null : words.t(fault.key, fault.args);
  };
}

function MachineSelect({ form, faults, change }: Part) {
  const words = useWords();
  const say = useFault(faults);
  const machines = useTables((tables) => tables.machines);
  const agents = useTables((tables) => tables.agents);
  const links = useTables((tables) => tables.links);
  const tasks = useTables((tables) => tables.tasks);
  const options = useMemo((): readonly Option[] => {
    const tables = { machines, agents, links, tasks } as Tables;
    return machineList(machines).map((machine) => {
      const health = healthOf(tables, machine);
      const free = freeOn(tables, machine.id);
      const hint =
        health.isFresh && free !== null
          ? words.t('run.machine.free', { cpus: cpus(free.cpusMilli), mem: mib(free.memMib) })
          : words.t('run.machine.away');
      return {
        value: machine.id,
        text: machine.name,
        hint,
        isDisabled: !health.isFresh,
        mark: <Glyph kind={health.glyph} size={12} />,
      };
    });
  }, [machines, agents, links, tasks, words]);
  const hasLive = options.some((option) => option.isDisabled !== true);
  return (
    <Select
      label={words.t('run.machine')}
      value={form.machineId}
      options={options}
      fault={say('machineId')}
      {...(hasLive ? {} : { hint: words.t('run.machine.none') })}
      onValue={(id) => change({ machineId: id as MachineId })}
    />
  );
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
  const cpusFree = useTables((tables) => freeOn(tables, form.machineId)?.cpusMilli ?? null);
  const memFree = useTables((tables) => freeOn(tables, form.machineId)?.memMib ?? null);
  const gpusFree = useTables((tables) => freeOn(tables, form.machineId)?.gpus ?? 0);
  const hasEngine = useTables((tables) => (enginesOn(tables, form.machineId)?.length ?? 0) > 0);
  const isKnown = cpusFree !== null && memFree !== null;
  const free = isKnown ? { cpusMilli: cpusFree, memMib: memFree, diskMib: 0, gpus: gpusFree } : null;
  const change = (part: Partial<RunForm>) => setForm((old) => ({ ...old, ...part }));
  return { form, change, gpusFree, faults: runFaults(form, { free, hasEngine }) };
}

export function RunTaskDialog(props: RunProps) {
  const words = useWords();
  const { onClose } = props;
  const { form, change, faults, gpusFree } = useRunForm(props);
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
  const part = { form, faults: { ...(isTried ? faults : {}), ...refusedField(refusal, form) }, change: edit };
  return (
    <Dialog
      title={words.t('run.title')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(run(), 'shows its own refusal')}
      answer={refusal}
      buttons={
        <>
          <Button look="quiet" onClick={onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look="primary" type="submit" disabled={isBusy}>
            {words.t('run.submit')}
          </Button>
        </>
      }
    >
      <Command {...part} />
      <div className="dialog__row">
        <MachineSelect {...part} />
      </div>
      <NameAndRoom {...part} />
      <MoreOptions {...part} gpusFree={gpusFree} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
