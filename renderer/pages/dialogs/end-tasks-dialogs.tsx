// Killing loses work and forgetting loses results: both name what they hit, how many, and what follows.
import { useState } from 'react';
import type { Channel, Request } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { showRefusal } from '../../app/acts.ts';
import { useWords, type Words, wordsNow } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { isActive } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { toast } from '../../store/toasts.ts';
import { go, viewStore } from '../../store/view.ts';

type Props = { readonly taskIds: readonly TaskId[]; readonly onClose: () => void };

const namesShown = 5;

function useTasks(taskIds: readonly TaskId[]): readonly TaskRecord[] {
  const tasks = useTables((tables) => tables.tasks);
  return taskIds.flatMap((id) => tasks.get(id) ?? []);
}

function nameList(tasks: readonly TaskRecord[], words: Words): string {
  const names = tasks.slice(0, namesShown).map((task) => task.info.name);
  const rest = tasks.length - names.length;
  return (
    names.join(words.t('list.comma')) +
    (rest > 0 ? `${words.t('list.comma')}${words.t('attention.and-more', { n: rest })}` : '')
  );
}

/** One request per task; refusals are counted and the first one explained. */
async function askAll<C extends Channel>(channel: C, requests: readonly Request<C>[]): Promise<void> {
  const answers = await Promise.all(requests.map((request) => call(channel, request)));
  const refusals = answers.flatMap((answer): Refusal[] => (answer.ok ? [] : [answer.refusal]));
  const first = refusals[0];
  if (first === undefined) return;
  if (requests.length === 1) showRefusal(first);
  else {
    const words = wordsNow();
    toast({
      tone: 'failed',
      text: words.t('bulk.refused', { n: refusals.length, why: words.refusal(first) }),
      detail: first.detail,
    });
  }
}

/** Names what ends, counts it, and says which of the chosen ones it leaves out. */
function EndDialog(props: {
  readonly title: string;
  readonly lead: string;
  readonly verb: string;
  readonly targets: readonly TaskRecord[];
  readonly leftOut: string;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { targets, leftOut, onClose } = props;
  return (
    <Dialog
      isAlert
      size="narrow"
      title={props.title}
      lead={props.lead}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={props.onSubmit}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="danger" type="submit" disabled={targets.length === 0}>
            {props.verb}
          </Button>
        </>
      }
    >
      {(targets.length > 1 || leftOut !== '') && (
        <p className="dialog__note">
          {nameList(targets, words)}
          {leftOut !== '' && ` ${leftOut}`}
        </p>
      )}
    </Dialog>
  );
}

export function KillTasksDialog({ taskIds, onClose }: Props) {
  const words = useWords();
  const tasks = useTasks(taskIds);
  const [wanted] = useState(
    () => new Set(tasks.filter((task) => isActive(task.state)).map((task) => task.id)),
  );
  const targets = tasks.filter((task) => wanted.has(task.id) && isActive(task.state));
  const ended = wanted.size - targets.length;
  const n = targets.length;
  const graces = targets.map((task) => task.info.killPolicy.graceMs);
  const grace = words.duration(Math.max(0, ...graces));
  const submit = () => {
    onClose();
    drop(
      askAll(
        'task:kill',
        targets.map(({ id }) => ({ taskId: id })),
      ),
      'shows its own refusal',
    );
  };
  return (
    <EndDialog
      title={words.t('kill.title', { n, names: targets[0]?.info.name ?? '' })}
      lead={words.t('kill.lead', { n, grace })}
      verb={n < 2 ? words.t('kill.submit') : words.t('kill.submit-n', { n })}
      targets={targets}
      leftOut={ended > 0 ? words.t('kill.ended', { n: ended }) : ''}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}

export function ForgetTasksDialog({ taskIds, onClose }: Props) {
  const words = useWords();
  const tasks = useTasks(taskIds);
  const targets = tasks.filter((task) => !isActive(task.state));
  const running = tasks.length - targets.length;
  const n = targets.length;
  const submit = () => {
    onClose();
    const { route } = viewStore.getState();
    if (route.page === 'task' && targets.some((task) => task.id === route.taskId))
      go({ page: 'tasks', filter: '', state: 'all' });
    drop(
      askAll(
        'task:forget',
        targets.map(({ id }) => ({ taskId: id })),
      ),
      'shows its own refusal',
    );
  };
  return (
    <EndDialog
      title={words.t('forget.title', { n, names: targets[0]?.info.name ?? '' })}
      lead={words.t('forget.lead')}
      verb={words.t('forget.submit', { n })}
      targets={targets}
      leftOut={running > 0 ? words.t('forget.running', { n: running }) : ''}
      onSubmit={submit}
      onClose={onClose}
    />
  );
}
