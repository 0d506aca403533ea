// Other credentials for lanes that failed or were skipped: once for all that share them. They run on from here side by side.
import { useEffect, useRef, useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import { useWords } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { useAppInfo } from '../../parts/use-app-info.ts';
import { useRow } from '../../store/tables.ts';
import {
  credentialFaults,
  credentialsOf,
  emptyLogin,
  type LoginForm,
  offeredBy,
} from './add-machine-form.ts';
import { LoginPart } from './login-part.tsx';
import { Refused } from './refused.tsx';

type Retrying = { readonly machineIds: readonly MachineId[]; readonly onClose: () => void };

function useRetrying({ machineIds, onClose }: Retrying) {
  const info = useAppInfo();
  const [rest, setRest] = useState(machineIds);
  const [form, setForm] = useState(emptyLogin);
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const change = useRef((part: Partial<LoginForm>) => setForm((old) => ({ ...old, ...part }))).current;
  useEffect(() => {
    if (info === null) return;
    const { keyFile, loginKind } = offeredBy(info);
    change({ keyFile, loginKind });
  }, [info, change]);
  const faults = credentialFaults(form, info?.hasSshAgent ?? false);
  const send = async () => {
    setTried(true);
    if (Object.keys(faults).length > 0 || isBusy) return;
    setBusy(true);
    const still: MachineId[] = [];
    let last: Refusal | null = null;
    for (const machineId of rest) {
      const answer = await call('machine:retry-add', { machineId, credentials: credentialsOf(form) });
      if (answer.ok) continue;
      still.push(machineId);
      last = answer.refusal;
    }
    setBusy(false);
    setRest(still);
    setRefusal(last);
    if (still.length === 0) onClose();
  };
  const submit = () => drop(send(), 'shows its own refusal');
  return { info, rest, form, faults: isTried ? faults : {}, change, isBusy, refusal, submit };
}

export function RetryMachinesDialog(props: Retrying) {
  const words = useWords();
  const { info, rest, form, faults, change, isBusy, refusal, submit } = useRetrying(props);
  const title = useRow('lanes', rest[0] ?? null)?.title ?? '';
  return (
    <Dialog
      title={
        rest.length > 1
          ? words.t('add-many.retry', { n: rest.length })
          : words.t('add.retry-title', { title })
      }
      closeLabel={words.t('verb.close')}
      onClose={props.onClose}
      onSubmit={submit}
      buttons={
        <>
          <Button look="quiet" onClick={props.onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look="primary" type="submit" disabled={isBusy}>
            {words.t('verb.retry')}
          </Button>
        </>
      }
    >
      <LoginPart form={form} faults={faults} change={change} info={info} />
      <Refused refusal={refusal} />
    </Dialog>
  );
}
