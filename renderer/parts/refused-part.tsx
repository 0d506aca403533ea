// A part of a page that was refused: what happened, what to do, and trying again.
import type { Refusal } from '../../electron/contract/errors.ts';
import { said } from '../app/messages/said.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { Empty } from '../kit/parts.tsx';

export function RefusedPart({
  refusal,
  onAgain,
}: {
  readonly refusal: Refusal;
  readonly onAgain?: () => void;
}) {
  const words = useWords();
  return (
    <div role="alert" className="refused-part" title={said(refusal.detail, words)}>
      <Empty
        text={words.refusal(refusal)}
        hint={words.remedy(refusal)}
        {...(onAgain === undefined
          ? {}
          : { actions: <Button onClick={onAgain}>{words.t('verb.retry')}</Button> })}
      />
    </div>
  );
}
