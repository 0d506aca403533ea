// The dry run of a change while it is being typed: asked of the master a moment after the last key, the newest answer counts.
import { useEffect, useRef, useState } from 'react';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { ShareChange, SharesPreview } from '../../electron/contract/shares.ts';
import { call, drop } from '../bridge/bridge.ts';

const settleMs = 120;

export type Preview = {
  readonly preview: SharesPreview | null;
  /** It could not be tried at all. */
  readonly refusal: Refusal | null;
};

/** null: there is nothing to try. What was answered last stays until the next answer. */
export function usePreview(change: ShareChange | null): Preview {
  const [shown, setShown] = useState<Preview>({ preview: null, refusal: null });
  const newest = useRef(0);
  const key = change === null ? '' : JSON.stringify(change);
  useEffect(() => {
    newest.current += 1;
    const own = newest.current;
    if (key === '') {
      setShown({ preview: null, refusal: null });
      return undefined;
    }
    const ask = async (): Promise<void> => {
      const answer = await call('shares:preview', { change: JSON.parse(key) as ShareChange });
      if (own !== newest.current) return;
      setShown(
        answer.ok ? { preview: answer.value, refusal: null } : { preview: null, refusal: answer.refusal },
      );
    };
    const timer = setTimeout(() => drop(ask(), 'shows its own refusal'), settleMs);
    return () => clearTimeout(timer);
  }, [key]);
  return shown;
}
