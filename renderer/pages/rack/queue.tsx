// What waits, under the machines that could take it: the three that wait longest, each with its reason, and the way to all.
import type { RunRecord } from '../../../electron/contract/run.ts';
import type { Tables } from '../../../electron/contract/tables.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { useWhy } from '../../parts/use-asked.ts';
import { whyWords } from '../../parts/wait-words.ts';
import { useNowMs } from '../../store/clock.ts';
import { useTables } from '../../store/tables.ts';
import { go, inspect } from '../../store/view.ts';

const shownMost = 3;

function oldest(runs: Tables['runs']): readonly RunRecord[] {
  return [...runs.values()].sort((a, b) => a.askedAtMs - b.askedAtMs).slice(0, shownMost);
}

function Waiting({ run, why }: { readonly run: RunRecord; readonly why: string }) {
  const words = useWords();
  const nowMs = useNowMs();
  return (
    <li className="queue__line">
      <Glyph kind="waiting" label={words.t('wait.state')} />
      <RowDoor name={run.info.name} onOpen={() => inspect({ kind: 'task', id: run.id })} />
      <span className="clip dim" title={why}>
        {why}
      </span>
      <span className="num dim">{words.duration(Math.max(0, nowMs - run.askedAtMs))}</span>
    </li>
  );
}

export function Queue() {
  const words = useWords();
  const runs = useTables((tables) => tables.runs);
  const machines = useTables((tables) => tables.machines);
  const shown = oldest(runs);
  const reasons = useWhy(
    shown.map(({ id }) => id),
    false,
  );
  if (shown.length === 0) return null;
  const title = words.t('fleet.waiting', { n: runs.size });
  return (
    <section className="queue" aria-label={title}>
      <header className="queue__head">
        <h2>{title}</h2>
        <Button look="link" onClick={() => go({ page: 'tasks', filter: '', state: 'waiting' })}>
          {words.t('verb.show')}
        </Button>
      </header>
      <ul>
        {shown.map((run) => {
          const why = reasons.get(run.id);
          return (
            <Waiting
              key={run.id}
              run={run}
              why={why === undefined ? '' : whyWords(why, { machines }, words)}
            />
          );
        })}
      </ul>
    </section>
  );
}
