// Add one machine, typed or found. The lane on the rack takes over from here.
import { useEffect, useRef, useState } from 'react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MessageKey } from '../../app/messages/en.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { TextField } from '../../kit/field.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { toast } from '../../store/toasts.ts';
import { type AddPrefill, go } from '../../store/view.ts';
import {
  emptyJumps,
  hasJumps,
  type JumpsForm,
  jumpLoginFaults,
  jumpsRequest,
  throughFault,
} from './add-jumps-form.ts';
import {
  type AddFaults,
  type AddForm,
  emptyForm,
  faultsOf,
  knownOf,
  type LoginOffer,
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

type JumpsPart = {
  readonly jumps: JumpsForm;
  readonly fault: MessageKey | null;
  readonly faults: AddFaults;
  readonly changeJumps: (change: Partial<JumpsForm>) => void;
};

function Through({ jumps, fault, faults, changeJumps, info }: JumpsPart & { readonly info: AppInfo | null }) {
  const words = useWords();
  return (
    <>
      <TextField
        label={words.t('add.jumps')}
        hint={words.t('add.jumps.hint')}
        value={jumps.through}
        fault={fault === null ? null : words.t(fault)}
        placeholder="ops@gate:2222, second"
        onText={(through) => changeJumps({ through })}
      />
      {hasJumps(jumps) && (
        <LoginPart
          form={jumps}
          faults={faults}
          change={changeJumps}
          info={info}
          label={words.t('add.jumps.login')}
        />
      )}
    </>
  );
}

/** What this computer offers, then what is known of the machine. */
function useStartingForm(
  info: AppInfo | null,
  found: AddPrefill | null,
  change: (form: Partial<AddForm>, login: LoginOffer) => void,
): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (info === null || isDone.current) return;
    isDone.current = true;
    const offered = offeredBy(info);
    change({ ...offered, ...(found === null ? {} : knownOf(found)) }, offered);
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
  const [jumps, setJumps] = useState(() => ({ ...emptyJumps, through: found?.through ?? '' }));
  const changeJumps = useRef((part: Partial<JumpsForm>) => setJumps((old) => ({ ...old, ...part }))).current;
  const begin = useRef((known: Partial<AddForm>, { keyFile, loginKind }: LoginOffer) => {
    change(known);
    changeJumps({ keyFile, loginKind });
  }).current;
  useStartingForm(info, found, begin);
  const hasAgent = info?.hasSshAgent ?? false;
  const user = form.user.trim();
  const faults = faultsOf(form, hasAgent);
  const fault = throughFault(jumps, user);
  const jumpFaults = jumpLoginFaults(jumps, hasAgent);
  const isWrong = fault !== null || Object.keys({ ...faults, ...jumpFaults }).length > 0;
  const send = async (isMore: boolean) => {
    setTried(true);
    if (isWrong || isBusy) return;
    setBusy(true);
    const answer = await call('machine:add', { ...requestOf(form), ...jumpsRequest(jumps, user) });
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
  const way = { jumps, fault: isTried ? fault : null, faults: isTried ? jumpFaults : {}, changeJumps };
  return { info, way, address, isBusy, refusal, submit, part };
}

export function AddMachineDialog(props: Adding) {
  const words = useWords();
  const { found, onClose } = props;
  const { info, way, address, isBusy, refusal, submit, part } = useAdding(props);
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
      <Through {...way} info={info} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
