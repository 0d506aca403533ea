// Add a machine, or try a failed lane again with other credentials. The lane on the rack takes over from here.
import { FolderOpen } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import type { Refusal, Result } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { showRefusal } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Segmented, TextField } from '../../kit/field.tsx';
import { Select } from '../../kit/select.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { useRow } from '../../store/tables.ts';
import { toast } from '../../store/toasts.ts';
import { type AddPrefill, go } from '../../store/view.ts';
import {
  type AddFaults,
  type AddForm,
  credentialFaults,
  credentialsOf,
  emptyForm,
  faultsOf,
  knownOf,
  loginKinds,
  offeredBy,
  requestOf,
  takeApart,
} from './add-machine-form.ts';
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

function KeyFile({ form, faults, change, info }: Part & { readonly info: AppInfo | null }) {
  const words = useWords();
  const files = [...new Set([...(info?.keyFiles ?? []), ...(form.keyFile === '' ? [] : [form.keyFile])])];
  const browse = async () => {
    const answer = await call('dialog:pick-key-file', {});
    if (!answer.ok) showRefusal(answer.refusal);
    else if (answer.value !== null) change({ keyFile: answer.value.path });
  };
  return (
    <>
      <Select
        label={words.t('add.key-file')}
        isMono
        value={form.keyFile === '' ? null : form.keyFile}
        options={files.map((path) => ({ value: path, text: path }))}
        placeholder={words.t('add.key-file.choose')}
        fault={faults.keyFile === undefined ? null : words.t(faults.keyFile)}
        {...(files.length === 0 ? { hint: words.t('add.key-file.none') } : {})}
        onValue={(keyFile) => change({ keyFile })}
        after={
          <Button icon={<FolderOpen />} onClick={() => drop(browse(), 'shows its own refusal')}>
            {words.t('add.browse')}
          </Button>
        }
      />
      <TextField
        label={words.t('add.passphrase')}
        hint={words.t('add.passphrase.hint')}
        type="password"
        value={form.passphrase}
        onText={(passphrase) => change({ passphrase })}
      />
    </>
  );
}

function Login({ form, faults, change, info }: Part & { readonly info: AppInfo | null }) {
  const words = useWords();
  const hasAgent = info?.hasSshAgent ?? false;
  return (
    <div className="dialog__group dialog__group--wide">
      <span className="field__label">{words.t('add.login')}</span>
      <Segmented
        label={words.t('add.login')}
        value={form.loginKind}
        choices={loginKinds.map((value) => ({ value, text: words.t(`add.login.${value}`) }))}
        onValue={(loginKind) => change({ loginKind })}
      />
      {form.loginKind === 'key-file' && <KeyFile form={form} faults={faults} change={change} info={info} />}
      {form.loginKind === 'ssh-agent' && (
        <p
          className={faults.loginKind === undefined ? 'field__hint' : 'field__fault'}
          role={faults.loginKind === undefined ? undefined : 'alert'}
        >
          {words.t(hasAgent ? 'add.agent.hint' : 'add.agent.none')}
        </p>
      )}
      {form.loginKind === 'password' && (
        <TextField
          label={words.t('add.password')}
          hint={words.t('add.password.hint')}
          type="password"
          value={form.password}
          fault={faults.password === undefined ? null : words.t(faults.password)}
          onText={(password) => change({ password })}
        />
      )}
    </div>
  );
}

/** What this computer offers, then what is known of the first machine. */
function useStartingForm(info: AppInfo | null, first: AddPrefill | undefined, change: Change): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (info === null || isDone.current) return;
    isDone.current = true;
    change({ ...offeredBy(info), ...(first === undefined ? {} : knownOf(first)) });
  }, [info, first, change]);
}

function Buttons(props: {
  readonly isRetry: boolean;
  readonly isBusy: boolean;
  readonly onMore: () => void;
  readonly onClose: () => void;
  /** There are more to come after this one. */
  readonly onSkip: (() => void) | null;
  readonly isFound: boolean;
}) {
  const words = useWords();
  const { isRetry, isBusy, isFound, onSkip } = props;
  return (
    <>
      {onSkip !== null && (
        <span className="dialog__aside">
          <Button look="quiet" disabled={isBusy} onClick={onSkip}>
            {words.t('add.skip')}
          </Button>
        </span>
      )}
      {!isRetry && !isFound && (
        <span className="dialog__aside">
          <Button look="quiet" disabled={isBusy} onClick={props.onMore}>
            {words.t('add.another')}
          </Button>
        </span>
      )}
      <Button look="quiet" onClick={props.onClose}>
        {words.t('verb.cancel')}
      </Button>
      <Button look="primary" type="submit" disabled={isBusy}>
        {words.t(isRetry ? 'verb.retry' : onSkip === null ? 'add.submit' : 'add.next')}
      </Button>
    </>
  );
}

/** Machines that were found, one after the other. `skip`: on to the next; null = there is none. */
function useQueue(found: readonly AddPrefill[], take: Change) {
  const [at, setAt] = useState(0);
  const next = found[at + 1];
  const skip = () => {
    if (next === undefined) return;
    setAt(at + 1);
    take(knownOf(next));
  };
  return { at, skip: next === undefined ? null : skip };
}

function sendForm(form: AddForm, retry: MachineId | null): Promise<Result<unknown>> {
  return retry === null
    ? call('machine:add', requestOf(form))
    : call('machine:retry-add', { machineId: retry, credentials: credentialsOf(form) });
}

type Adding = {
  readonly retry: MachineId | null;
  /** These, one after the other. */
  readonly found: readonly AddPrefill[];
  readonly onClose: () => void;
};

/** The form, what is wrong with it, and what becomes of it. */
function useAdding({ retry, found, onClose }: Adding) {
  const words = useWords();
  const info = useAppInfo();
  const [first] = found;
  const [form, setForm] = useState(() => ({ ...emptyForm, ...(first === undefined ? {} : knownOf(first)) }));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const address = useRef<HTMLInputElement>(null);
  const change = useRef((part: Partial<AddForm>) => setForm((old) => ({ ...old, ...part }))).current;
  useStartingForm(info, first, change);
  const goOn = (known: Partial<AddForm>) => {
    setRefusal(null);
    setTried(false);
    change(known);
    address.current?.focus();
  };
  const { at, skip } = useQueue(found, goOn);
  const hasAgent = info?.hasSshAgent ?? false;
  const faults = retry === null ? faultsOf(form, hasAgent) : credentialFaults(form, hasAgent);
  const send = async (isMore: boolean) => {
    setTried(true);
    if (Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const answer = await sendForm(form, retry);
    setBusy(false);
    if (!answer.ok) return setRefusal(answer.refusal);
    if (!isMore && skip === null) {
      onClose();
      return go({ page: 'rack' });
    }
    toast({ text: words.t('add.added', { title: `${form.user}@${form.address}` }) });
    if (skip === null) goOn({ name: '', address: '' });
    else skip();
  };
  const submit = (isMore: boolean) => drop(send(isMore), 'shows its own refusal');
  const part = { form, faults: isTried ? faults : {}, change };
  return { info, address, at, skip, isBusy, refusal, submit, part };
}

export function AddMachineDialog(props: Adding) {
  const words = useWords();
  const { retry, found, onClose } = props;
  const lane = useRow('lanes', retry);
  const { info, address, at, skip, isBusy, refusal, submit, part } = useAdding(props);
  const lead =
    found.length > 1 ? words.t('add.lead-found', { at: at + 1, n: found.length }) : words.t('add.lead');
  const buttons = (
    <Buttons
      isRetry={retry !== null}
      isFound={found.length > 0}
      isBusy={isBusy}
      onMore={() => submit(true)}
      onSkip={skip}
      onClose={onClose}
    />
  );
  return (
    <Dialog
      title={retry === null ? words.t('add.title') : words.t('add.retry-title', { title: lane?.title ?? '' })}
      {...(retry === null ? { lead } : {})}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => submit(false)}
      buttons={buttons}
    >
      {retry === null && <Where {...part} inputRef={address} />}
      <Login {...part} info={info} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
