// What we ran, what it answered, what you can do: the honest record of one step.
import type { LaneRecord, LaneStep } from '../../electron/contract/enrolment.ts';
import { copyText } from '../app/acts.ts';
import { said } from '../app/messages/said.ts';
import { useWords } from '../app/messages/words.ts';
import { Copyable } from '../kit/parts.tsx';
import { hostKeyCommand } from './host-key-panel.tsx';

export function StepDetail({ step, lane }: { readonly step: LaneStep; readonly lane: LaneRecord }) {
  const words = useWords();
  const { refusal } = step;
  const isChangedKey = refusal !== null && lane.pinnedHostKey !== null;
  return (
    <div className="step-detail">
      {refusal !== null && <p className="step-detail__what">{words.refusal(refusal)}</p>}
      <dl className="step-detail__facts">
        <dt>{words.t('lane.ran')}</dt>
        <dd>
          {step.ran === '' ? (
            <span className="faint">–</span>
          ) : (
            <Copyable
              text={step.ran}
              copyLabel={words.t('verb.copy')}
              copiedLabel={words.t('verb.copied')}
              onCopy={copyText}
            />
          )}
        </dd>
        <dt>{words.t('lane.answered')}</dt>
        <dd>
          {step.answered === '' ? (
            <span className="faint">{words.t('lane.no-answer')}</span>
          ) : (
            <pre className="step-detail__answer selectable">{step.answered}</pre>
          )}
        </dd>
        {refusal !== null && (
          <>
            <dt>{words.t('lane.can-do')}</dt>
            <dd>
              <p>{words.remedy(refusal)}</p>
              {isChangedKey && (
                <Copyable
                  text={hostKeyCommand(lane.hostKey?.type ?? '')}
                  copyLabel={words.t('verb.copy')}
                  copiedLabel={words.t('verb.copied')}
                  onCopy={copyText}
                />
              )}
              <details className="step-detail__code">
                <summary>{words.t('refusal.details')}</summary>
                <p className="mono selectable">
                  {refusal.code} / {refusal.reason}: {said(refusal.detail, words)}
                </p>
              </details>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
