// Planning a maintenance: when, how long, and what for. Also changes one that is planned.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import { planMaintenance } from '../../app/drain-acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, TextArea, TextField } from '../../kit/field.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { useNowMs } from '../../store/clock.ts';
import { useRow } from '../../store/tables.ts';
import { readLength, readStart, usualStart, writeLength, writeStart } from './maintenance-form.ts';
import { Refused } from './refused.tsx';

const usualLength = '2 h';

type Props = { readonly machineId: MachineId; readonly onClose: () => void };

function useMaintenance(machine: MachineRecord | undefined, onClose: () => void) {
  const nowMs = useNowMs();
  const planned = machine?.maintenance;
  const plannedMs = planned?.durationMs ?? null;
  const [start, setStart] = useState(() => writeStart(planned?.startMs ?? usualStart(Date.now())));
  const [length, setLength] = useState(plannedMs === null ? usualLength : writeLength(plannedMs));
  const [isOpen, setOpen] = useState(planned !== undefined && plannedMs === null);
  const [note, setNote] = useState(planned?.note ?? '');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const startMs = readStart(start);
  const durationMs = isOpen ? null : readLength(length);
  const isLengthBad = !isOpen && durationMs === null;
  const isOver = startMs !== null && durationMs !== null && startMs + durationMs <= nowMs;
  const submit = async () => {
    if (machine === undefined || startMs === null || isLengthBad || isOver) return;
    const refused = await planMaintenance(machine, { startMs, durationMs, note: note.trim() });
    if (refused === null) onClose();
    else setRefusal(refused);
  };
  return {
    values: { start, length, isOpen, note },
    set: { start: setStart, length: setLength, isOpen: setOpen, note: setNote },
    fault: startMs === null ? ('maint.bad.start' as const) : isOver ? ('maint.bad.over' as const) : null,
    isLengthBad,
    isNow: startMs !== null && startMs <= nowMs,
    refusal,
    submit,
  };
}

function Fields({ form }: { readonly form: ReturnType<typeof useMaintenance> }) {
  const words = useWords();
  const { values, set, fault, isLengthBad } = form;
  return (
    <>
      <div className="maint-times">
        <TextField
          label={words.t('maint.start')}
          type="datetime-local"
          value={values.start}
          fault={fault === null ? null : words.t(fault)}
          onText={set.start}
        />
        <TextField
          label={words.t('maint.length')}
          hint={words.t('maint.length.hint')}
          value={values.isOpen ? '' : values.length}
          disabled={values.isOpen}
          fault={isLengthBad ? words.t('maint.bad.length') : null}
          onText={set.length}
        />
      </div>
      <Checkbox label={words.t('maint.open')} checked={values.isOpen} onChecked={set.isOpen} />
      <TextArea
        label={words.t('maint.note')}
        hint={words.t('maint.note.hint')}
        value={values.note}
        maxLength={1000}
        rows={2}
        onText={set.note}
      />
      <Refused refusal={form.refusal} />
    </>
  );
}

export function MaintenanceDialog({ machineId, onClose }: Props) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const form = useMaintenance(machine, onClose);
  if (machine === undefined) return null;
  return (
    <Dialog
      title={words.t('maint.title', { name: machine.name })}
      lead={words.t('maint.lead')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(form.submit(), 'shows its own refusal')}
      answer={form.refusal}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look={form.isNow ? 'danger' : 'primary'} type="submit">
            {words.t(form.isNow ? 'maint.submit-now' : 'maint.submit')}
          </Button>
        </>
      }
    >
      <Fields form={form} />
    </Dialog>
  );
}
