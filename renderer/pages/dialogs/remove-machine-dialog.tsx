// Removing a machine: names it, counts its tasks, says what is deleted there, and what happens when it is not reachable.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, Choices } from '../../kit/field.tsx';
import { activeTasksOf } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { inspect, viewStore } from '../../store/view.ts';
import { Refused } from './refused.tsx';

const namesShown = 4;

export function RemoveMachineDialog({
  machineId,
  onClose,
}: {
  readonly machineId: MachineId;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const link = useRow('links', machineId);
  const active = useTables((tables) => activeTasksOf(tables, machineId));
  const [tasks, setTasks] = useState<'stop' | 'keep'>('stop');
  const [isForced, setForced] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (machine === undefined || machine.via.kind !== 'ssh') return null;
  const { name, via } = machine;
  const isAway = link?.phase !== 'live';
  const n = active.length;
  const shown = active.slice(0, namesShown).map((task) => task.info.name);
  const names =
    shown.join(words.t('list.comma')) +
    (n > shown.length
      ? `${words.t('list.comma')}${words.t('attention.and-more', { n: n - shown.length })}`
      : '');
  const force = isAway && isForced;
  const remove = async () => {
    const answer = await call('machine:remove', { machineId, tasks, force });
    if (!answer.ok) {
      setRefusal(answer.refusal);
      return;
    }
    const { subject } = viewStore.getState();
    if (subject?.kind === 'machine' && subject.id === machineId) inspect(null);
    onClose();
  };
  return (
    <Dialog
      isAlert
      title={words.t('remove.title', { name })}
      lead={words.t('remove.lead', { name, key: via.keyPlanted ? 'yes' : 'no' })}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(remove(), 'shows its own refusal')}
      buttons={
        <>
          <Button look="quiet" onClick={onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look="danger" type="submit">
            {words.t(force ? 'remove.submit-force' : 'remove.submit')}
          </Button>
        </>
      }
    >
      <div className="dialog__group">
        <p>{n === 0 ? words.t('remove.tasks.none') : words.t('remove.tasks', { n, names })}</p>
        {n > 0 && !force && (
          <Choices
            label={words.t('inspector.tasks')}
            value={tasks}
            onValue={setTasks}
            choices={[
              { value: 'stop', text: words.t('remove.stop', { n }), hint: words.t('remove.stop.hint') },
              {
                value: 'keep',
                text: words.t('remove.keep', { n }),
                hint: words.t('remove.keep.hint', { n }),
              },
            ]}
          />
        )}
      </div>
      {isAway && (
        <div className="dialog__group">
          <p className="dialog__note">{words.t('remove.unreachable', { name })}</p>
          <Checkbox
            label={words.t('remove.force')}
            hint={words.t('remove.force.hint', { folder: via.agentDir })}
            checked={isForced}
            onChecked={setForced}
          />
        </div>
      )}
      <Refused refusal={refusal} />
    </Dialog>
  );
}
