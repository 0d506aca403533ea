// Main asks before it quits while this computer runs tasks. Closing the dialog means: stay.
import { useState } from 'react';
import { ask } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox } from '../../kit/field.tsx';

export function QuitDialog({
  runningTasks,
  onClose,
}: {
  readonly runningTasks: number;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const [isRemembered, setRemembered] = useState(false);
  const answer = (choice: 'keep' | 'stop' | 'cancel') => {
    onClose();
    const remember = isRemembered && choice !== 'cancel';
    drop(ask('app:answer-quit', { choice, remember }), 'shows its own refusal');
  };
  return (
    <Dialog
      isAlert
      title={words.t('quit.title', { n: runningTasks })}
      lead={words.t('quit.lead')}
      closeLabel={words.t('quit.stay')}
      size="normal"
      onClose={() => answer('cancel')}
      onSubmit={() => answer('keep')}
      buttons={
        <>
          <span className="dialog__aside">
            <Button look="quiet" onClick={() => answer('cancel')}>
              {words.t('quit.stay')}
            </Button>
          </span>
          <Button look="danger" onClick={() => answer('stop')}>
            {words.t('quit.stop')}
          </Button>
          <Button look="primary" type="submit">
            {words.t('quit.keep')}
          </Button>
        </>
      }
    >
      <Checkbox label={words.t('quit.remember')} checked={isRemembered} onChecked={setRemembered} />
    </Dialog>
  );
}
