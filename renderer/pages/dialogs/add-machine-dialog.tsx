// Add a machine, or try a failed lane again with other credentials. The lane on the rack takes over from here.
import { FolderOpen } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
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
import { go } from '../../store/view.ts';
import {
  type AddFaults,
  type AddForm,
  credentialFaults,
  credentialsOf,
  faultsOf,
  loginKinds,
  requestOf,
  takeApart,
} from './add-machine-form.ts';
import { Refused } from './refused.tsx';

const emptyForm: AddForm = {
  name: '',
  address: '',
  port: '22',
  user: '',
  loginKind: 'key-file',
  keyFile: '',
  passphrase: '',
  password: '',
};

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

/** What this computer offers: the first key, else its ssh-agent, else a password; the same user name. */
function useStartingForm(info: AppInfo | null, change: Change): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (info === null || isDone.current) return;
    isDone.current = true;
    const [keyFile = ''] = info.keyFiles;
    change({
      user: info.user,
      keyFile,
      loginKind: keyFile !== '' ? 'key-file' : info.hasSshAgent ? 'ssh-agent' : 'password',
    });
  }, [info, change]);
}

function Buttons(props: {
  readonly isRetry: boolean;
  readonly isBusy: boolean;
  readonly onMore: () => void;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const { isRetry, isBusy } = props;
  return (
    <>
      {!isRetry && (
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
        {words.t(isRetry ? 'verb.retry' : 'add.submit')}
      </Button>
    </>
  );
}

export function AddMachineDialog({
  retry,
  onClose,
}: {
  readonly retry: MachineId | null;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const info = useAppInfo();
  const lane = useRow('lanes', retry);
  const [form, setForm] = useState(emptyForm);
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const address = useRef<HTMLInputElement>(null);
  const change = useRef((part: Partial<AddForm>) => setForm((old) => ({ ...old, ...part }))).current;
  useStartingForm(info, change);
  const hasAgent = info?.hasSshAgent ?? false;
  const faults = retry === null ? faultsOf(form, hasAgent) : credentialFaults(form, hasAgent);
  const shownFaults = isTried ? faults : {};

  const send = async (isMore: boolean) => {
    setTried(true);
    if (Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const answer =
      retry === null
        ? await call('machine:add', requestOf(form))
        : await call('machine:retry-add', { machineId: retry, credentials: credentialsOf(form) });
    setBusy(false);
    if (!answer.ok) {
      setRefusal(answer.refusal);
      return;
    }
    setRefusal(null);
    if (!isMore) {
      onClose();
      go({ page: 'rack' });
      return;
    }
    toast({ text: words.t('add.added', { title: `${form.user}@${form.address}` }) });
    setTried(false);
    change({ name: '', address: '' });
    address.current?.focus();
  };
  const submit = (isMore: boolean) => drop(send(isMore), 'shows its own refusal');
  const part = { form, faults: shownFaults, change };
  const buttons = (
    <Buttons isRetry={retry !== null} isBusy={isBusy} onMore={() => submit(true)} onClose={onClose} />
  );
  return (
    <Dialog
      title={retry === null ? words.t('add.title') : words.t('add.retry-title', { title: lane?.title ?? '' })}
      {...(retry === null ? { lead: words.t('add.lead') } : {})}
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
