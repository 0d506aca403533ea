// Many machines on their way in: what needs the person first, then a lane each, and at the end how it went.
import './adding.css';
import { Pause, Play, Radar, RotateCw } from 'lucide-react';
import { useState } from 'react';
import type { LaneRecord } from '../../../electron/contract/enrolment.ts';
import { cancelLane, dismissLane, pauseLane, retryLane } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented } from '../../kit/field.tsx';
import { Empty } from '../../kit/parts.tsx';
import { canRetry, Lane } from '../../parts/lane.tsx';
import { addingLanes } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { go, openDialog } from '../../store/view.ts';
import {
  type AddingView,
  addingViews,
  countLanes,
  failuresOf,
  isIn,
  lanesToCompare,
  tookMsOf,
} from './adding-list.ts';
import { KeysPanel } from './keys-panel.tsx';

const isOpen = ({ state }: LaneRecord) => state === 'running' || state === 'needs-you';

/** What all of them do at once. A button is there only while it would do something. */
function ForAll({ lanes }: { readonly lanes: readonly LaneRecord[] }) {
  const words = useWords();
  const open = lanes.filter(isOpen);
  const moving = open.filter((lane) => lane.isPaused !== true);
  const held = open.filter((lane) => lane.isPaused === true);
  const failed = lanes.filter(canRetry);
  const ended = lanes.filter((lane) => !isOpen(lane));
  return (
    <span className="adding__acts">
      {failed.length > 0 && (
        <>
          <Button
            compact
            look="quiet"
            onClick={() => openDialog({ kind: 'retry-machines', machineIds: failed.map(({ id }) => id) })}
          >
            {words.t('lane.change-credentials')}
          </Button>
          <Button compact icon={<RotateCw />} onClick={() => failed.forEach(retryLane)}>
            {words.t('adding.retry', { n: failed.length })}
          </Button>
        </>
      )}
      {moving.length > 0 && (
        <Button compact icon={<Pause />} onClick={() => moving.forEach((lane) => pauseLane(lane, true))}>
          {words.t('adding.pause', { n: moving.length })}
        </Button>
      )}
      {held.length > 0 && (
        <Button compact icon={<Play />} onClick={() => held.forEach((lane) => pauseLane(lane, false))}>
          {words.t('adding.resume', { n: held.length })}
        </Button>
      )}
      {open.length > 0 && (
        <Button compact look="quiet" onClick={() => open.forEach(({ id }) => cancelLane(id))}>
          {words.t('adding.skip', { n: open.length })}
        </Button>
      )}
      {open.length === 0 && (
        <Button compact look="quiet" onClick={() => ended.forEach(({ id }) => dismissLane(id))}>
          {words.t('adding.put-away')}
        </Button>
      )}
    </span>
  );
}

/** While they run: how far. At the end: how many are live, and why the others are not. */
function Summary({ lanes }: { readonly lanes: readonly LaneRecord[] }) {
  const words = useWords();
  const counts = countLanes(lanes);
  const tookMs = tookMsOf(lanes);
  const skipped = lanes.filter(({ state }) => state === 'cancelled').length;
  const failed = counts['not-added'] - skipped;
  const text =
    tookMs === null
      ? words.t('adding.progress', { done: counts.live + counts['not-added'], n: counts.all })
      : words.t('adding.done', { live: counts.live, failed, skipped, took: words.span(tookMs) });
  return (
    <section className="adding__summary" aria-label={words.t('adding.summary')}>
      <p role="status">{text}</p>
      {tookMs !== null && failed > 0 && (
        <ul className="adding__why">
          {failuresOf(lanes).map(({ refusal, titles }) => (
            <li key={`${refusal.code} ${refusal.reason}`}>
              <p>
                <span className="t-failed">{words.refusal(refusal)}</span>{' '}
                <span className="dim">{titles.join(words.t('list.comma'))}</span>
              </p>
              <p className="dim">{words.remedy(refusal)}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function AddingPage() {
  const words = useWords();
  const [view, setView] = useState<AddingView>('all');
  const lanes = useTables((tables) => addingLanes(tables.lanes));
  const counts = countLanes(lanes);
  const find = (
    <Button compact icon={<Radar />} onClick={() => go({ page: 'find' })}>
      {words.t('verb.find-machines')}
    </Button>
  );
  return (
    <>
      <header className="page-head">
        <h1 className="page-head__title">{words.t('adding.title')}</h1>
        <Segmented
          label={words.t('find.view')}
          value={view}
          choices={addingViews.map((value) => ({
            value,
            text: words.t(`adding.view.${value}`),
            count: counts[value],
          }))}
          onValue={setView}
        />
        <span className="grow" />
        {find}
      </header>
      {lanes.length === 0 ? (
        <Empty text={words.t('adding.empty')} actions={find} />
      ) : (
        <>
          <div className="adding__bar">
            <Summary lanes={lanes} />
            <ForAll lanes={lanes} />
          </div>
          <div className="page-scroll">
            <KeysPanel lanes={lanesToCompare(lanes)} />
            {lanes
              .filter((lane) => isIn(view, lane))
              .map((lane) => (
                <Lane key={lane.id} lane={lane} isKeyElsewhere={lane.pinnedHostKey === null} />
              ))}
          </div>
        </>
      )}
    </>
  );
}
