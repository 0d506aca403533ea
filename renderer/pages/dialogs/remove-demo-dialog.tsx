// Removing the demo rack: what ends, what is deleted, and that nothing else is touched.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { activeTasksOf, demoMachines } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { Refused } from './refused.tsx';

export function RemoveDemoDialog({ onClose }: { readonly onClose: () => void }) {
  const words = useWords();
  const tables = useTables((all) => all);
  const machines = demoMachines(tables);
  const names = machines.map((machine) => machine.name).join(words.t('list.comma'));
  const tasks = machines.reduce((sum, machine) => sum + activeTasksOf(tables, machine.id).length, 0);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const remove = async () => {
    const answer = await call('demo:remove', {});
    if (answer.ok) onClose();
    else setRefusal(answer.refusal);
  };
  return (
    <Dialog
      isAlert
      title={words.t('demo.remove.title')}
      lead={words.t('demo.remove.lead', { n: machines.length, names, tasks })}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(remove(), 'shows its own refusal')}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="danger" type="submit">
            {words.t('verb.remove-demo')}
          </Button>
        </>
      }
    >
      <Refused refusal={refusal} />
    </Dialog>
  );
}
