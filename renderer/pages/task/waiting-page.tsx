// The page of a task that has not begun: it becomes the page of the task by itself.
import { ArrowLeft, X } from 'lucide-react';
import type { RunRecord } from '../../../electron/contract/run.ts';
import { cancelRuns } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { useWhy } from '../../parts/use-asked.ts';
import { WaitingAbout, WaitLine } from '../../parts/waiting-about.tsx';
import { go } from '../../store/view.ts';

const toTasks = () => go({ page: 'tasks', filter: '', state: 'all' });

export function WaitingPage({ run }: { readonly run: RunRecord }) {
  const words = useWords();
  const why = useWhy([run.id], true).get(run.id);
  return (
    <>
      <header className="page-head task-page__head">
        <IconButton label={words.t('task.back-to-tasks')} icon={<ArrowLeft />} onClick={toTasks} />
        <Glyph kind="waiting" />
        <h1 className="page-head__title clip selectable">{run.info.name}</h1>
        <span className="task-page__line clip grow selectable">
          <WaitLine run={run} why={why} />
        </span>
        <Button
          compact
          icon={<X />}
          onClick={() => {
            cancelRuns([run.id]);
            toTasks();
          }}
        >
          {words.t('wait.cancel')}
        </Button>
      </header>
      <div className="wait-page">
        <p className="dim">{words.t('wait.log-hint')}</p>
        <WaitingAbout run={run} why={why} />
      </div>
    </>
  );
}
