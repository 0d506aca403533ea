// Rename a machine or write a note. Reversible: done at once, undo in the toast.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { editMachine } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { TextArea, TextField } from '../../kit/field.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { useRow } from '../../store/tables.ts';
import { Refused } from './refused.tsx';

export function EditMachineDialog({
  machineId,
  onClose,
}: {
  readonly machineId: MachineId;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const [name, setName] = useState(machine?.name ?? '');
  const [note, setNote] = useState(machine?.note ?? '');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (machine === undefined) return null;
  const isGood = name.trim() !== '' && name.trim().length <= 100;
  const save = async () => {
    if (!isGood) return;
    if (name.trim() === machine.name && note === machine.note) {
      onClose();
      return;
    }
    const refused = await editMachine(machine, name.trim(), note);
    if (refused === null) onClose();
    else setRefusal(refused);
  };
  const submit = () => drop(save(), 'shows its own refusal');
  return (
    <Dialog
      title={words.t('edit.title')}
      closeLabel={words.t('verb.close')}
      size="narrow"
      onClose={onClose}
      onSubmit={submit}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="primary" type="submit" disabled={!isGood}>
            {words.t('verb.save')}
          </Button>
        </>
      }
    >
      <TextField
        label={words.t('edit.name')}
        value={name}
        maxLength={100}
        fault={isGood ? null : words.t('edit.bad.name')}
        onText={setName}
      />
      <TextArea
        label={words.t('edit.note')}
        hint={words.t('edit.note.hint')}
        value={note}
        maxLength={4096}
        rows={4}
        onText={setNote}
      />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
