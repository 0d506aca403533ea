// Removing a machine: names it, counts its tasks, says what is deleted there, and what happens when it is not reachable.
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, Choices } from '../../kit/field.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { activeTasksOf } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { go, inspect, viewStore } from '../../store/view.ts';
import { Refused } from './refused.tsx';

const namesShown = 4;

type End = 'stop' | 'keep';

function TaskChoice(props: {
  readonly tasks: readonly TaskRecord[];
  readonly end: End;
  readonly onEnd: (end: End) => void;
  readonly isForced: boolean;
}) {
  const words = useWords();
  const n = props.tasks.length;
  if (n === 0) return <p>{words.t('remove.tasks.none')}</p>;
  const shown = props.tasks.slice(0, namesShown).map((task) => task.info.name);
  if (n > shown.length) shown.push(words.t('attention.and-more', { n: n - shown.length }));
  return (
    <div className="dialog__group">
      <p>{words.t('remove.tasks', { n, names: shown.join(words.t('list.comma')) })}</p>
      {!props.isForced && (
        <Choices
          label={words.t('inspector.tasks')}
          value={props.end}
          onValue={props.onEnd}
          choices={[
            { value: 'stop', text: words.t('remove.stop', { n }), hint: words.t('remove.stop.hint') },
            { value: 'keep', text: words.t('remove.keep', { n }), hint: words.t('remove.keep.hint', { n }) },
          ]}
        />
      )}
    </div>
  );
}

function Away(props: {
  readonly name: string;
  readonly folder: string;
  readonly isForced: boolean;
  readonly onForced: (isForced: boolean) => void;
}) {
  const words = useWords();
  return (
    <div className="dialog__group">
      <p className="dialog__note">{words.t('remove.unreachable', { name: props.name })}</p>
      <Checkbox
        label={words.t('remove.force')}
        hint={words.t('remove.force.hint', { folder: props.folder })}
        checked={props.isForced}
        onChecked={props.onForced}
      />
    </div>
  );
}

type RemoveProps = { readonly machineId: MachineId; readonly onClose: () => void };

export function RemoveMachineDialog({ machineId, onClose }: RemoveProps) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const isAway = useRow('links', machineId)?.phase !== 'live';
  const active = useTables((tables) => activeTasksOf(tables, machineId));
  const [end, setEnd] = useState<End>('stop');
  const [isForced, setForced] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (machine === undefined || machine.via.kind !== 'ssh') return null;
  const { name, via } = machine;
  const force = isAway && isForced;
  const remove = async () => {
    const answer = await call('machine:remove', { machineId, tasks: end, force });
    if (!answer.ok) {
      setRefusal(answer.refusal);
      return;
    }
    const { subject } = viewStore.getState();
    if (subject?.kind === 'machine' && subject.id === machineId) inspect(null);
    onClose();
    go({ page: 'rack' });
  };
  return (
    <Dialog
      isAlert
      title={words.t('remove.title', { name })}
      {...(force
        ? {}
        : {
            lead: words.t('remove.lead', { name, key: via.keyPlanted ? 'yes' : 'no' }),
          })}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(remove(), 'shows its own refusal')}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="danger" type="submit">
            {words.t(force ? 'remove.submit-force' : 'remove.submit')}
          </Button>
        </>
      }
    >
      <TaskChoice tasks={active} end={end} onEnd={setEnd} isForced={force} />
      {isAway && <Away name={name} folder={via.agentDir} isForced={isForced} onForced={setForced} />}
      <Refused refusal={refusal} />
    </Dialog>
  );
}
