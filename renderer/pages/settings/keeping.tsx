// What every agent keeps: four numbers, each with the same limits as the contract.
import { useEffect, useState } from 'react';
import { type Keeping, keepingSchema } from '../../../electron/contract/wire.ts';
import { changeSettings } from '../../app/acts.ts';
import { mib } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { TextField } from '../../kit/field.tsx';
import { Setting } from './setting.tsx';

const names = ['logMibPerTask', 'logMibTotal', 'keepDays', 'cacheMib'] as const;
type Name = (typeof names)[number];

/** null when it is not a number the contract takes. */
function readKeeping(name: Name, text: string): number | null {
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : null;
  return value !== null && keepingSchema.shape[name].safeParse(value).success ? value : null;
}

function Amount({ name, keeping }: { readonly name: Name; readonly keeping: Keeping }) {
  const words = useWords();
  const value = keeping[name];
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const next = readKeeping(name, text);
  const store = () => {
    if (next === null) setText(String(value));
    else if (next !== value) changeSettings({ keeping: { ...keeping, [name]: next } });
  };
  const size = name === 'keepDays' ? '' : mib(next ?? value);
  return (
    <Setting title={words.t(`settings.keep.${name}`)} hint={words.t(`settings.keep.${name}.hint`)}>
      <TextField
        label={words.t(`settings.keep.${name}`)}
        inputMode="numeric"
        width="tiny"
        value={text}
        fault={next === null ? words.t(`settings.keep.${name}.range`) : null}
        onText={setText}
        onBlur={store}
        onKeyDown={(event) => {
          if (event.key === 'Enter') store();
        }}
        after={<span className="setting__unit dim">{size}</span>}
      />
    </Setting>
  );
}

export function KeepingGroup({ keeping }: { readonly keeping: Keeping }) {
  const words = useWords();
  return (
    <section className="settings__group">
      <h2>{words.t('settings.keep')}</h2>
      {names.map((name) => (
        <Amount key={name} name={name} keeping={keeping} />
      ))}
    </section>
  );
}
