// How one logs in the first time: a key file, the ssh-agent, or a password. The same part for one machine and for many.
import { FolderOpen } from 'lucide-react';
import type { AppInfo } from '../../../electron/contract/channels.ts';
import { showRefusal } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented, TextField } from '../../kit/field.tsx';
import { Select } from '../../kit/select.tsx';
import { type AddFaults, type LoginForm, loginKinds } from './add-machine-form.ts';

type Part = {
  readonly form: LoginForm;
  readonly faults: AddFaults;
  readonly change: (change: Partial<LoginForm>) => void;
  readonly info: AppInfo | null;
  /** What is logged in to, when it is not the machine. */
  readonly label?: string;
};

function KeyFile({ form, faults, change, info }: Part) {
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

export function LoginPart({ form, faults, change, info, label }: Part) {
  const words = useWords();
  const heading = label ?? words.t('add.login');
  const hasAgent = info?.hasSshAgent ?? false;
  return (
    <div className="dialog__group dialog__group--wide">
      <span className="field__label">{heading}</span>
      <Segmented
        label={heading}
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
          hint={words.t(label === undefined ? 'add.password.hint' : 'add.jumps.password.hint')}
          type="password"
          value={form.password}
          fault={faults.password === undefined ? null : words.t(faults.password)}
          onText={(password) => change({ password })}
        />
      )}
    </div>
  );
}
