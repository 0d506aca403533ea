// Settings: few, each takes effect at once.
import './settings.css';
import { useEffect, useState } from 'react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import { ask, changeSettings, copyText, startDemo } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented, TextField } from '../../kit/field.tsx';
import { Copyable } from '../../kit/parts.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { demoMachines, settingsOf } from '../../store/selectors.ts';
import { useTables } from '../../store/tables.ts';
import { openDialog } from '../../store/view.ts';
import { KeepingGroup } from './keeping.tsx';
import { Setting } from './setting.tsx';

const secondsMin = 5;
const secondsMax = 3600;

function UnreachableAfter({ ms }: { readonly ms: number }) {
  const words = useWords();
  const [text, setText] = useState(String(ms / 1000));
  useEffect(() => setText(String(ms / 1000)), [ms]);
  const seconds = Number(text);
  const isGood = Number.isInteger(seconds) && seconds >= secondsMin && seconds <= secondsMax;
  const store = () => {
    if (isGood && seconds * 1000 !== ms) changeSettings({ unreachableAfterMs: seconds * 1000 });
    else if (!isGood) setText(String(ms / 1000));
  };
  return (
    <TextField
      label={words.t('settings.unreachable')}
      inputMode="numeric"
      width="tiny"
      value={text}
      fault={isGood ? null : `${secondsMin}–${secondsMax}`}
      onText={setText}
      onBlur={store}
      onKeyDown={(event) => {
        if (event.key === 'Enter') store();
      }}
      after={<span className="setting__unit dim">{words.t('settings.seconds')}</span>}
    />
  );
}

function DemoRack() {
  const words = useWords();
  const hasDemo = useTables((tables) => demoMachines(tables).length > 0);
  return (
    <Setting title={words.t('settings.demo')} hint={words.t('settings.demo.hint')}>
      {hasDemo ? (
        <Button compact onClick={() => openDialog({ kind: 'remove-demo' })}>
          {words.t('verb.remove-demo')}
        </Button>
      ) : (
        <Button compact onClick={startDemo}>
          {words.t('verb.start-demo')}
        </Button>
      )}
    </Setting>
  );
}

function AboutThis({ info }: { readonly info: AppInfo | null }) {
  const words = useWords();
  const copy = { copyLabel: words.t('verb.copy'), copiedLabel: words.t('verb.copied'), onCopy: copyText };
  const links = ['manual', 'licence', 'issues'] as const;
  return (
    <section className="settings__group">
      <h2>{words.t('settings.about')}</h2>
      <Setting title={words.t('settings.version')}>
        <span className="selectable">{info?.version ?? '–'}</span>
      </Setting>
      <Setting title={words.t('settings.runtime')}>
        <span className="dim selectable">
          {info === null ? '–' : `Electron ${info.electron}, Node ${info.node}, ${info.platform}`}
        </span>
      </Setting>
      <Setting title={words.t('settings.data-folder')}>
        {info === null ? '–' : <Copyable text={info.dataFolder} {...copy} />}
      </Setting>
      <Setting title={words.t('settings.public-key')} hint={words.t('settings.public-key.hint')}>
        {info === null ? '–' : <Copyable text={info.ownPublicKey} {...copy} />}
      </Setting>
      <div className="settings__links">
        {links.map((link) => (
          <Button
            key={link}
            compact
            onClick={() => drop(ask('app:open-external', { link }), 'shows its own refusal')}
          >
            {words.t(`settings.${link}`)}
          </Button>
        ))}
      </div>
    </section>
  );
}

export function SettingsPage() {
  const words = useWords();
  const settings = useTables(settingsOf);
  const info = useAppInfo();
  const themes = (['system', 'dark', 'light'] as const).map((value) => ({
    value,
    text: words.t(`settings.theme.${value}`),
  }));
  const languages = [
    { value: 'system', text: words.t('settings.language.system') },
    { value: 'en', text: 'English' },
    { value: 'zh-CN', text: '简体中文' },
  ] as const;
  const quits = (['ask', 'keep', 'stop'] as const).map((value) => ({
    value,
    text: words.t(`settings.on-quit.${value}`),
  }));
  return (
    <div className="page-scroll">
      <div className="settings">
        <h1>{words.t('settings.title')}</h1>
        <section className="settings__group">
          <h2>{words.t('settings.look')}</h2>
          <Setting title={words.t('settings.theme')}>
            <Segmented
              label={words.t('settings.theme')}
              value={settings.theme}
              choices={themes}
              onValue={(theme) => changeSettings({ theme })}
            />
          </Setting>
          <Setting title={words.t('settings.language')}>
            <Segmented
              label={words.t('settings.language')}
              value={settings.language}
              choices={languages}
              onValue={(language) => changeSettings({ language })}
            />
          </Setting>
        </section>
        <section className="settings__group">
          <h2>{words.t('settings.cluster')}</h2>
          <Setting title={words.t('settings.on-quit')} hint={words.t('settings.on-quit.hint')}>
            <Segmented
              label={words.t('settings.on-quit')}
              value={settings.onQuit}
              choices={quits}
              onValue={(onQuit) => changeSettings({ onQuit })}
            />
          </Setting>
          <Setting title={words.t('settings.unreachable')} hint={words.t('settings.unreachable.hint')}>
            <UnreachableAfter ms={settings.unreachableAfterMs} />
          </Setting>
          <DemoRack />
        </section>
        <KeepingGroup keeping={settings.keeping} />
        <AboutThis info={info} />
      </div>
    </div>
  );
}
