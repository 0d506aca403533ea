// One machine that is being added or removed: steps left to right; the one that waits or failed opens below.
import './lane.css';
import { useState } from 'react';
import type { LaneRecord, LaneStep } from '../../electron/contract/enrolment.ts';
import { cancelLane, dismissLane, pauseLane, retryLane } from '../app/acts.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { cx } from '../kit/cx.ts';
import { Glyph } from '../kit/glyph.tsx';
import { useNowMs } from '../store/clock.ts';
import { laneGlyphs, standingOfLane, stepGlyphs } from '../store/health.ts';
import { useRow } from '../store/tables.ts';
import { openDialog } from '../store/view.ts';
import { HostKeyPanel } from './host-key-panel.tsx';
import { StepDetail } from './step-detail.tsx';

function Step(props: { readonly step: LaneStep; readonly isOpen: boolean; readonly onOpen: () => void }) {
  const words = useWords();
  const { step, isOpen, onOpen } = props;
  const name = words.t(`lane.step.${step.name}`);
  const state = words.t(`lane.step-state.${step.state}`);
  const took = step.tookMs === null ? (step.state === 'working' ? '…' : '') : words.took(step.tookMs);
  return (
    <li className={cx('step', `step--${step.state}`)}>
      <button
        type="button"
        className="step__button"
        aria-expanded={isOpen}
        aria-label={`${name}: ${state} ${took}`}
        onClick={onOpen}
      >
        <Glyph kind={stepGlyphs[step.state]} size={12} />
        <span className="step__name">{name}</span>
        <span className="step__took">{took}</span>
      </button>
    </li>
  );
}

function LaneActions({ lane }: { readonly lane: LaneRecord }) {
  const words = useWords();
  const isSlice = useRow('machines', lane.id)?.via.kind === 'local';
  const isRunning = lane.state === 'running' || lane.state === 'needs-you';
  if (isRunning && lane.kind === 'add') {
    const isPaused = lane.isPaused === true;
    return (
      <>
        <Button compact look="quiet" onClick={() => pauseLane(lane, !isPaused)}>
          {words.t(isPaused ? 'lane.resume' : 'lane.pause')}
        </Button>
        <Button compact look="quiet" onClick={() => cancelLane(lane.id)}>
          {words.t('lane.cancel')}
        </Button>
      </>
    );
  }
  if (isRunning) return null;
  const other = () => openDialog({ kind: 'retry-machines', machineIds: [lane.id] });
  return (
    <>
      {canRetry(lane) && (
        <>
          <Button compact look="quiet" onClick={other}>
            {words.t('lane.change-credentials')}
          </Button>
          <Button compact onClick={() => retryLane(lane)}>
            {words.t('verb.retry')}
          </Button>
        </>
      )}
      {lane.state === 'cancelled' && lane.kind === 'add' && (
        <Button compact onClick={other}>
          {words.t('verb.retry')}
        </Button>
      )}
      {lane.state === 'failed' && lane.kind === 'remove' && (
        <Button
          compact
          onClick={() =>
            openDialog(isSlice ? { kind: 'remove-demo' } : { kind: 'remove-machine', machineId: lane.id })
          }
        >
          {words.t('verb.retry')}
        </Button>
      )}
      <Button compact look="quiet" onClick={() => dismissLane(lane.id)}>
        {words.t('verb.dismiss')}
      </Button>
    </>
  );
}

/** The master takes no further try of a lane whose login was refused twice: a button for one would only be refused. */
export function canRetry(lane: LaneRecord): boolean {
  const isSpent = lane.steps.some((step) => step.refusal?.reason === 'login-refused-twice');
  return lane.kind === 'add' && lane.state === 'failed' && !isSpent;
}

function Elapsed({ lane }: { readonly lane: LaneRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  const state = words.t(`lane.state.${standingOfLane(lane)}`);
  const age = words.span((lane.endedAtMs ?? Math.max(nowMs, lane.startedAtMs)) - lane.startedAtMs);
  return <span className="lane__state dim">{words.t('lane.took', { state, age })}</span>;
}

/** The step a person should see: the one that failed or waits. */
function urgentStep(lane: LaneRecord): LaneStep | undefined {
  return lane.steps.find((step) => step.state === 'failed' || step.state === 'needs-you');
}

/** `isKeyElsewhere`: the page shows the keys of all lanes together, so here it opens only on request. */
export function Lane(props: { readonly lane: LaneRecord; readonly isKeyElsewhere?: boolean }) {
  const { lane, isKeyElsewhere = false } = props;
  const words = useWords();
  const [chosen, setChosen] = useState<string | null>(null);
  const urgent = urgentStep(lane);
  const isKeyAsked = urgent?.name === 'host-key' && urgent.state === 'needs-you';
  const shown =
    lane.steps.find((step) => step.name === chosen) ?? (isKeyElsewhere && isKeyAsked ? undefined : urgent);
  const isKey = shown?.state === 'needs-you' && lane.hostKey !== null;
  const standing = standingOfLane(lane);
  const title = words.t(lane.kind === 'add' ? 'lane.add' : 'lane.remove', { title: lane.title });
  return (
    <section id={`lane-${lane.id}`} className={cx('lane', `lane--${lane.state}`)} aria-label={title}>
      <header className="lane__head">
        <Glyph kind={laneGlyphs[standing]} label={words.t(`lane.state.${standing}`)} />
        <h2 className="lane__title clip">{title}</h2>
        <Elapsed lane={lane} />
        <span className="grow" />
        <LaneActions lane={lane} />
      </header>
      <ol className="lane__steps" aria-label={words.t('lane.steps')}>
        {lane.steps.map((step) => (
          <Step
            key={step.name}
            step={step}
            isOpen={shown?.name === step.name}
            onOpen={() => setChosen(chosen === step.name ? null : step.name)}
          />
        ))}
      </ol>
      {shown !== undefined &&
        (isKey ? <HostKeyPanel lane={lane} /> : <StepDetail step={shown} lane={lane} />)}
    </section>
  );
}
