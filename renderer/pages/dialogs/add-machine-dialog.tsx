// Add one machine, typed or found. The lane on the rack takes over from here.
import { useEffect, useRef, useState } from 'react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { TextField } from '../../kit/field.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { toast } from '../../store/toasts.ts';
import { type AddPrefill, go } from '../../store/view.ts';
import {
  type AddFaults,
  type AddForm,
  emptyForm,
  faultsOf,
  knownOf,
  offeredBy,
  requestOf,
  takeApart,
} from './add-machine-form.ts';
import { LoginPart } from './login-part.tsx';
import { Refused } from './refused.tsx';

type Change = (change: Partial<AddForm>) => void;
type Part = { readonly form: AddForm; readonly faults: AddFaults; readonly change: Change };

function Where({
  form,
  faults,
  change,
  inputRef,
}: Part & { readonly inputRef: React.Ref<HTMLInputElement> }) {
  const words = useWords();
  const say = (key: keyof AddFaults) => (faults[key] === undefined ? null : words.t(faults[key]));
  return (
    <>
      <div className="dialog__row">
        <TextField
          label={words.t('add.address')}
          hint={words.t('add.address.hint')}
          value={form.address}
          fault={say('address')}
          placeholder="gpu-2.lan"
          inputRef={inputRef}
          onText={(address) => change({ address })}
          onPaste={(event) => {
            const parts = takeApart(event.clipboardData.getData('text'));
            if (parts === null) return;
            event.preventDefault();
            change(parts);
          }}
          onBlur={() => {
            const parts = takeApart(form.address);
            if (parts !== null) change(parts);
          }}
        />
        <TextField
          label={words.t('add.port')}
          width="tiny"
          inputMode="numeric"
          value={form.port}
          fault={say('port')}
          onText={(port) => change({ port })}
        />
      </div>
      <div className="dialog__row">
        <TextField
          label={words.t('add.user')}
          value={form.user}
          fault={say('user')}
          onText={(user) => change({ user })}
        />
        <TextField
          label={words.t('add.name')}
          hint={words.t('add.name.hint')}
          value={form.name}
          maxLength={100}
          onText={(name) => change({ name })}
        />
      </div>
    </>
  );
}

/** What this computer offers, then what is known of the machine. */
function useStartingForm(info: AppInfo | null, found: AddPrefill | null, change: Change): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (info === null || isDone.current) return;
    isDone.current = true;
    change({ ...offeredBy(info), ...(found === null ? {} : knownOf(found)) });
  }, [info, found, change]);
}

function Buttons(props: {
  readonly isBusy: boolean;
  readonly onMore: () => void;
  readonly onClose: () => void;
  readonly isFound: boolean;
}) {
  const words = useWords();
  return (
    <>
      {!props.isFound && (
        <span className="dialog__aside">
          <Button look="quiet" disabled={props.isBusy} onClick={props.onMore}>
            {words.t('add.another')}
          </Button>
        </span>
      )}
      <Button look="quiet" onClick={props.onClose}>
        {words.t('verb.cancel')}
      </Button>
      <Button look="primary" type="submit" disabled={props.isBusy}>
        {words.t('add.submit')}
      </Button>
    </>
  );
}

type Adding = { readonly found: AddPrefill | null; readonly onClose: () => void };

/** The form, what is wrong with it, and what becomes of it. */
function useAdding({ found, onClose }: Adding) {
  const words = useWords();
  const info = useAppInfo();
  const [form, setForm] = useState(() => ({ ...emptyForm, ...(found === null ? {} : knownOf(found)) }));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const address = useRef<HTMLInputElement>(null);
  const change = useRef((part: Partial<AddForm>) => setForm((old) => ({ ...old, ...part }))).current;
  useStartingForm(info, found, change);
  const faults = faultsOf(form, info?.hasSshAgent ?? false);
  const send = async (isMore: boolean) => {
    setTried(true);
    if (Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const answer = await call('machine:add', requestOf(form));
    setBusy(false);
    setRefusal(answer.ok ? null : answer.refusal);
    if (!answer.ok) return;
    if (!isMore) {
      onClose();
      return go({ page: 'rack' });
    }
    toast({ text: words.t('add.added', { title: `${form.user}@${form.address}` }) });
    setTried(false);
    change({ name: '', address: '' });
    address.current?.focus();
  };
  const submit = (isMore: boolean) => drop(send(isMore), 'shows its own refusal');
  const part = { form, faults: isTried ? faults : {}, change };
  return { info, address, isBusy, refusal, submit, part };
}

export function AddMachineDialog(props: Adding) {
  const words = useWords();
  const { found, onClose } = props;
  const { info, address, isBusy, refusal, submit, part } = useAdding(props);
  return (
    <Dialog
      title={words.t('add.title')}
      lead={words.t('add.lead')}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => submit(false)}
      buttons={
        <Buttons isFound={found !== null} isBusy={isBusy} onMore={() => submit(true)} onClose={onClose} />
      }
    >
      <Where {...part} inputRef={address} />
      <LoginPart {...part} info={info} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
