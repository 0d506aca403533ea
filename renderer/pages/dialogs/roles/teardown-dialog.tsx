// Ending a framework ends its tasks and it never comes back: the dialog names what ends and how many.
import { useState } from 'react';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { FrameworkId } from '../../../../electron/contract/ids.ts';
import { useWords } from '../../../app/messages/words.ts';
import { call, drop } from '../../../bridge/bridge.ts';
import { Button } from '../../../kit/button.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { CancelButton } from '../../../parts/cancel-button.tsx';
import { tasksOf } from '../../../parts/framework-state.tsx';
import { isActive } from '../../../store/selectors.ts';
import { tableStore, useRow, useTables } from '../../../store/tables.ts';
import { Refused } from '../refused.tsx';

const namesShown = 8;

export function TeardownDialog(props: { readonly frameworkId: FrameworkId; readonly onClose: () => void }) {
  const words = useWords();
  const { frameworkId, onClose } = props;
  const framework = useRow('frameworks', frameworkId);
  useTables((tables) => tables.tasks);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  if (framework === undefined) return null;
  const tasks = tasksOf(tableStore.getState().tables, frameworkId).filter((task) => isActive(task.state));
  const n = tasks.length;
  const names = tasks.slice(0, namesShown).map(({ info }) => info.name);
  const rest = n - names.length;
  const end = async () => {
    const answer = await call('framework:teardown', { frameworkId });
    if (answer.ok) onClose();
    else setRefusal(answer.refusal);
  };
  return (
    <Dialog
      isAlert
      size="narrow"
      title={words.t('teardown.title', { name: framework.info.name })}
      lead={words.t('teardown.lead', { n })}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(end(), 'shows its own refusal')}
      answer={refusal}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="danger" type="submit">
            {words.t('teardown.submit', { n })}
          </Button>
        </>
      }
    >
      {n > 0 && (
        <p className="dialog__note">
          {names.join(words.t('list.comma'))}
          {rest > 0 && `${words.t('list.comma')}${words.t('attention.and-more', { n: rest })}`}
        </p>
      )}
      <p className="dim">{words.t('teardown.stays')}</p>
      <Refused refusal={refusal} />
    </Dialog>
  );
}
