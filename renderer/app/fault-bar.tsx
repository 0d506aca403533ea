// What is wrong with Mesolite itself: a bar under the top bar, one line each.
import { TriangleAlert, X } from 'lucide-react';
import { drop } from '../bridge/bridge.ts';
import { IconButton } from '../kit/button.tsx';
import { useTables } from '../store/tables.ts';
import { ask } from './acts.ts';
import { useWords } from './messages/words.ts';

export function FaultBar() {
  const words = useWords();
  const faults = useTables((tables) => tables.faults);
  if (faults.size === 0) return null;
  return (
    <div className="fault-bar" role="alert">
      {[...faults.values()].map((fault) => (
        <details key={fault.id} className="fault">
          <summary className="fault__line">
            <TriangleAlert className="t-waiting" />
            <span className="grow">{words.t(`fault.${fault.kind}`)}</span>
            <IconButton
              size="small"
              label={words.t('verb.dismiss')}
              icon={<X />}
              onClick={(event) => {
                event.preventDefault();
                drop(ask('fault:dismiss', { id: fault.id }), 'shows its own refusal');
              }}
            />
          </summary>
          <p className="fault__detail selectable mono">{fault.detail}</p>
        </details>
      ))}
    </div>
  );
}
