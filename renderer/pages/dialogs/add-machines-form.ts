// The form of adding many: one login for those of the found machines that share it, and what ~/.ssh/config says of each. Pure.
import type { AddMachine } from '../../../electron/contract/channels.ts';
import type { AddPrefill } from '../../store/view.ts';
import {
  type AddFaults,
  credentialFaults,
  credentialsOf,
  emptyLogin,
  type LoginForm,
  userFault,
} from './add-machine-form.ts';

export type GroupForm = LoginForm & {
  readonly user: string;
  /** User and key as ~/.ssh/config names them go before what is given here. */
  readonly usesConfig: boolean;
};

export const emptyGroup: GroupForm = { ...emptyLogin, user: '', usesConfig: true };

/** Two finds at one address and port are one place. */
export function placeKey({ address, port }: AddPrefill): string {
  return `${address.toLowerCase()} ${port}`;
}

export function hasConfig({ user, keyFile }: AddPrefill): boolean {
  return user !== null || keyFile !== null;
}

export function userOf({ user }: AddPrefill, form: GroupForm): string {
  return form.usesConfig && user !== null ? user : form.user.trim();
}

/** A key file of its own counts only where one logs in with a key file at all. */
function keyOf({ keyFile }: AddPrefill, form: GroupForm): string {
  return form.usesConfig && keyFile !== null ? keyFile : form.keyFile;
}

function loginOf(found: AddPrefill, form: GroupForm): LoginForm {
  if (form.loginKind !== 'key-file') return form;
  const keyFile = keyOf(found, form);
  // A passphrase is told to nobody but the key it was given for.
  return { ...form, keyFile, passphrase: keyFile === form.keyFile ? form.passphrase : '' };
}

/** What is missing for these; what each brings itself is not asked for. */
export function groupFaults(chosen: readonly AddPrefill[], form: GroupForm, hasSshAgent: boolean): AddFaults {
  const needsUser = chosen.some((found) => userFault(userOf(found, form)) !== null);
  const user = needsUser ? userFault(form.user.trim()) : null;
  const lacking = chosen.map((found) => credentialFaults(loginOf(found, form), hasSshAgent));
  return { ...(user === null ? {} : { user }), ...lacking.find((faults) => Object.keys(faults).length > 0) };
}

export function groupRequest(found: AddPrefill, form: GroupForm): AddMachine {
  return {
    name: found.name.trim(),
    address: found.address.trim(),
    port: Number(found.port),
    user: userOf(found, form),
    credentials: credentialsOf(loginOf(found, form)),
  };
}
