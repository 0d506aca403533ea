// Add many machines: those that share a login are ticked and sent off together, the rest stays for the next login. Their lanes
// run side by side on their own page; nothing is waited for here.
import './add-machines.css';
import { useEffect, useRef, useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, TextField } from '../../kit/field.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { type AddPrefill, go } from '../../store/view.ts';
import { emptyLogin, offeredBy } from './add-machine-form.ts';
import {
  emptyGroup,
  type GroupForm,
  groupFaults,
  groupRequest,
  hasConfig,
  placeKey,
  userOf,
} from './add-machines-form.ts';
import { LoginPart } from './login-part.tsx';

type Refusals = ReadonlyMap<string, Refusal>;

function Machine(props: {
  readonly found: AddPrefill;
  readonly form: GroupForm;
  readonly refusal: Refusal | undefined;
  readonly isChosen: boolean;
  readonly onToggle: () => void;
  readonly words: Words;
}) {
  const { found, form, refusal, words } = props;
  const user = userOf(found, form);
  const where = `${user === '' ? '' : `${user}@`}${found.address}:${found.port}`;
  return (
    <li className="add-many__machine">
      <Checkbox
        checked={props.isChosen}
        onChecked={props.onToggle}
        label={
          <span className="add-many__name">
            <span className="clip">{found.name === '' ? found.address : found.name}</span>
            <span className="dim clip">{where}</span>
          </span>
        }
      />
      {refusal !== undefined && (
        <p className="field__fault" role="alert">
          {words.refusal(refusal)} {words.remedy(refusal)}
        </p>
      )}
    </li>
  );
}

/** Sends them one after the other, in their order, and tells which were refused. */
async function sendAll(chosen: readonly AddPrefill[], form: GroupForm): Promise<Refusals> {
  const refused = new Map<string, Refusal>();
  for (const found of chosen) {
    const answer = await call('machine:add', groupRequest(found, form));
    if (!answer.ok) refused.set(placeKey(found), answer.refusal);
  }
  return refused;
}

function useGroup(found: readonly AddPrefill[], onClose: () => void) {
  const info = useAppInfo();
  const [rest, setRest] = useState(() => [...new Map(found.map((each) => [placeKey(each), each])).values()]);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [form, setForm] = useState(emptyGroup);
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refusals>(new Map());
  const change = useRef((part: Partial<GroupForm>) => setForm((old) => ({ ...old, ...part }))).current;
  useEffect(() => {
    if (info !== null) change(offeredBy(info));
  }, [info, change]);
  const chosen = rest.filter((each) => !left.has(placeKey(each)));
  const faults = groupFaults(chosen, form, info?.hasSshAgent ?? false);
  const toggle = (each: AddPrefill) => {
    const next = new Set(left);
    if (!next.delete(placeKey(each))) next.add(placeKey(each));
    setLeft(next);
  };
  const send = async () => {
    setTried(true);
    if (chosen.length === 0 || Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const refusals = await sendAll(chosen, form);
    setBusy(false);
    setRefused(refusals);
    const still = rest.filter((each) => left.has(placeKey(each)) || refusals.has(placeKey(each)));
    if (still.length === 0) {
      onClose();
      return go({ page: 'adding' });
    }
    // The next ones have another login: what was typed for these is gone.
    setRest(still);
    setLeft(new Set());
    setTried(false);
    change({ passphrase: emptyLogin.passphrase, password: emptyLogin.password });
  };
  const submit = () => drop(send(), 'shows its own refusals');
  return { info, rest, chosen, refused, toggle, isBusy, submit, form, faults: isTried ? faults : {}, change };
}

export function AddMachinesDialog(props: {
  readonly found: readonly AddPrefill[];
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { onClose } = props;
  const { info, rest, chosen, refused, toggle, isBusy, submit, form, faults, change } = useGroup(
    props.found,
    onClose,
  );
  const n = chosen.length;
  return (
    <Dialog
      title={words.t('add-many.title', { n: rest.length })}
      lead={words.t('add-many.lead')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={submit}
      buttons={
        <>
          <Button look="quiet" onClick={onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look="primary" type="submit" disabled={isBusy || n === 0}>
            {n === rest.length
              ? words.t('add-many.submit', { n })
              : words.t('add-many.submit-some', { n, rest: rest.length - n })}
          </Button>
        </>
      }
    >
      <div className="dialog__group dialog__group--wide" role="group" aria-label={words.t('add-many.which')}>
        <span className="field__label">{words.t('add-many.which')}</span>
        <ul className="add-many">
          {rest.map((each) => (
            <Machine
              key={placeKey(each)}
              found={each}
              form={form}
              refusal={refused.get(placeKey(each))}
              isChosen={chosen.includes(each)}
              onToggle={() => toggle(each)}
              words={words}
            />
          ))}
        </ul>
      </div>
      {rest.some(hasConfig) && (
        <Checkbox
          label={words.t('add-many.config')}
          hint={words.t('add-many.config.hint')}
          checked={form.usesConfig}
          onChecked={(usesConfig) => change({ usesConfig })}
        />
      )}
      <TextField
        label={words.t('add.user')}
        value={form.user}
        data-first=""
        fault={faults.user === undefined ? null : words.t(faults.user)}
        onText={(user) => change({ user })}
      />
      <LoginPart form={form} faults={faults} change={change} info={info} />
    </Dialog>
  );
}
