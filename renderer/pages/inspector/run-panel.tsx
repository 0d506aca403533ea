// Inspector of a run that waits: why, and the way out.
import { X } from 'lucide-react';
import type { RunRecord } from '../../../electron/contract/run.ts';
import { cancelRuns } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { useWhy } from '../../parts/use-asked.ts';
import { WaitingAbout, WaitLine } from '../../parts/waiting-about.tsx';

export function RunPanel({ run }: { readonly run: RunRecord }) {
  const words = useWords();
  const why = useWhy([run.id], true).get(run.id);
  return (
    <div className="panel">
      <header className="panel-head">
        <h2 className="panel-head__title">
          <Glyph kind="waiting" />
          <span className="clip selectable">{run.info.name}</span>
        </h2>
        <p className="panel-head__sub">
          <WaitLine run={run} why={why} />
        </p>
        <div className="panel-head__actions">
          <Button compact icon={<X />} onClick={() => cancelRuns([run.id])}>
            {words.t('wait.cancel')}
          </Button>
        </div>
      </header>
      <WaitingAbout run={run} why={why} />
    </div>
  );
}
