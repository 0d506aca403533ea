// Planning a maintenance: when, how long, and what for. Also changes one that is planned.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { planMaintenance } from '../../app/drain-acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, TextArea, TextField } from '../../kit/field.tsx';
import { useNowMs } from '../../store/clock.ts';
import { useRow } from '../../store/tables.ts';
import { readLength, readStart, usualStart, writeLength, writeStart } from './maintenance-form.ts';
import { Refused } from './refused.tsx';

const usualLength = '2 h';

export function MaintenanceDialog(props: { readonly machineId: MachineId; readonly onClose: () => void }) {
  const { machineId, onClose } = props;
  const words = useWords();
  const nowMs = useNowMs();
  const machine = useRow('machines', machineId);
  const planned = machine?.maintenance;
  const plannedMs = planned?.durationMs ?? null;
  const [start, setStart] = useState(() => writeStart(planned?.startMs ?? usualStart(Date.now())));
  const [length, setLength] = useState(plannedMs === null ? usualLength : writeLength(plannedMs));
  const [isOpen, setOpen] = useState(planned !== undefined && plannedMs === null);
  const [note, setNote] = useState(planned?.note ?? '');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (machine === undefined) return null;
  const startMs = readStart(start);
  const durationMs = isOpen ? null : readLength(length);
  const isLengthBad = !isOpen && durationMs === null;
  const isOver = startMs !== null && durationMs !== null && startMs + durationMs <= nowMs;
  const isNow = startMs !== null && startMs <= nowMs;
  const submit = async () => {
    if (startMs === null || isLengthBad || isOver) return;
    const refused = await planMaintenance(machine, { startMs, durationMs, note: note.trim() });
    if (refused === null) onClose();
    else setRefusal(refused);
  };
  const startFault =
    startMs === null ? words.t('maint.bad.start') : isOver ? words.t('maint.bad.over') : null;
  return (
    <Dialog
      title={words.t('maint.title', { name: machine.name })}
      lead={words.t('maint.lead')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(submit(), 'shows its own refusal')}
      answer={refusal}
      buttons={
        <>
          <Button look="quiet" onClick={onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look={isNow ? 'danger' : 'primary'} type="submit">
            {words.t(isNow ? 'maint.submit-now' : 'maint.submit')}
          </Button>
        </>
      }
    >
      <div className="maint-times">
        <TextField
          label={words.t('maint.start')}
          type="datetime-local"
          value={start}
          fault={startFault}
          onText={setStart}
        />
        <TextField
          label={words.t('maint.length')}
          hint={words.t('maint.length.hint')}
          value={isOpen ? '' : length}
          disabled={isOpen}
          fault={isLengthBad ? words.t('maint.bad.length') : null}
          onText={setLength}
        />
      </div>
      <Checkbox label={words.t('maint.open')} checked={isOpen} onChecked={setOpen} />
      <TextArea
        label={words.t('maint.note')}
        hint={words.t('maint.note.hint')}
        value={note}
        maxLength={1000}
        rows={2}
        onText={setNote}
      />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
