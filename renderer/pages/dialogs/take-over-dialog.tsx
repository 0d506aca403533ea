// Taking a machine over from another Mesolite: who holds it, what goes on, what the other one will see. No drama.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { Facts } from '../../parts/facts.tsx';
import { holderOf, shortHolder } from '../../parts/holder.ts';
import { useRow } from '../../store/tables.ts';
import { Refused } from './refused.tsx';

export function TakeOverDialog({
  machineId,
  onClose,
}: {
  readonly machineId: MachineId;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const link = useRow('links', machineId);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [isBusy, setBusy] = useState(false);
  if (machine === undefined) return null;
  const problem = link?.problem ?? null;
  const holder = holderOf(problem) ?? '';
  const { name } = machine;
  const takeOver = async () => {
    setBusy(true);
    const answer = await call('machine:take-over', { machineId });
    setBusy(false);
    if (answer.ok) onClose();
    else setRefusal(answer.refusal);
  };
  return (
    <Dialog
      isAlert
      size="narrow"
      title={words.t('takeover.title', { name })}
      lead={words.t(problem?.reason === 'lease-lost' ? 'takeover.lead-lost' : 'takeover.lead-held')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(takeOver(), 'shows its own refusal')}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="primary" type="submit" disabled={isBusy}>
            {words.t('takeover.submit', { name })}
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          [
            words.t('takeover.holder'),
            holder === '' ? (
              ''
            ) : (
              <code key="h" className="mono" title={holder}>
                {shortHolder(holder)}
              </code>
            ),
          ],
          link === undefined ? null : [words.t('takeover.since'), words.dateTime(link.sinceMs)],
        ]}
      />
      <ul className="dialog__points">
        <li>{words.t('takeover.runs')}</li>
        <li>{words.t('takeover.other')}</li>
      </ul>
      <Refused refusal={refusal} />
    </Dialog>
  );
}
