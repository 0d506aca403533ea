// About: name, version, licence.

import { ask } from '../../app/acts.ts';
import { Mark } from '../../app/mark.tsx';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';

export function AboutDialog({ onClose }: { readonly onClose: () => void }) {
  const words = useWords();
  const info = useAppInfo();
  const open = (link: 'manual' | 'licence' | 'issues') =>
    drop(ask('app:open-external', { link }), 'shows its own refusal');
  return (
    <Dialog
      title={words.t('nav.about')}
      lead={words.t('about.line')}
      closeLabel={words.t('verb.close')}
      size="narrow"
      onClose={onClose}
      buttons={
        <>
          <Button look="quiet" onClick={() => open('licence')}>
            {words.t('settings.licence')}
          </Button>
          <Button look="quiet" onClick={() => open('manual')}>
            {words.t('settings.manual')}
          </Button>
          <Button onClick={() => open('issues')}>{words.t('settings.issues')}</Button>
        </>
      }
    >
      <div className="about">
        <Mark size={56} />
        <div>
          <p className="about__version selectable">
            {words.t('app.name')} {info?.version ?? ''}
          </p>
          <p className="dim selectable">
            {info === null ? '' : `Electron ${info.electron}, Node ${info.node}`}
          </p>
        </div>
      </div>
      <p className="dim">{words.t('about.licence')}</p>
    </Dialog>
  );
}
