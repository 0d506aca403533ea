// A refusal inside a dialog: what happened and what to do, the code folded.
import type { Refusal } from '../../../electron/contract/errors.ts';
import { said } from '../../app/messages/said.ts';
import { useWords } from '../../app/messages/words.ts';

export function Refused({ refusal }: { readonly refusal: Refusal | null }) {
  const words = useWords();
  if (refusal === null) return null;
  return (
    <div className="dialog__problem" role="alert">
      <p>{words.refusal(refusal)}</p>
      <p className="dim">{words.remedy(refusal)}</p>
      <details>
        <summary>{words.t('refusal.details')}</summary>
        <p className="mono selectable">{`${refusal.code} / ${refusal.reason}: ${said(refusal.detail, words)}`}</p>
      </details>
    </div>
  );
}
