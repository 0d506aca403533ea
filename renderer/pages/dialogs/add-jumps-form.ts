// The part of the add-machine form about the way there: jump hosts as text, one login for them, and what they make of a request. Pure.
import type { AddMachine, JumpCredentials } from '../../../electron/contract/channels.ts';
import { maxJumps } from '../../../electron/contract/machine.ts';
import type { MessageKey } from '../../app/messages/en.ts';
import {
  type AddFaults,
  addressFault,
  credentialFaults,
  credentialsOf,
  emptyLogin,
  type LoginForm,
  portFault,
  takeApart,
  userFault,
} from './add-machine-form.ts';

export type JumpsForm = LoginForm & {
  /** As ProxyJump of ssh_config(5): `ops@gate:2222, second`, nearest first. */
  readonly through: string;
};
export const emptyJumps: JumpsForm = { ...emptyLogin, through: '' };

type Stop = { readonly address: string; readonly port: string; readonly user: string };

/** Without a user it is the one of the machine, without a port 22. */
function stopsOf(through: string, user: string): Stop[] {
  const texts = through.split(',').map((text) => text.trim());
  return texts
    .filter((text) => text !== '')
    .map((text) => ({ address: text, port: '22', user, ...takeApart(text) }));
}

export function hasJumps({ through }: JumpsForm): boolean {
  return stopsOf(through, '').length > 0;
}

export function throughFault({ through, loginKind }: JumpsForm, user: string): MessageKey | null {
  const stops = stopsOf(through, user);
  if (stops.length > maxJumps) return 'add.bad.jumps-many';
  // One password for several would tell each of them that of the others.
  if (stops.length > 1 && loginKind === 'password') return 'add.bad.jumps-password';
  for (const stop of stops) {
    const fault = addressFault(stop.address) ?? portFault(stop.port) ?? userFault(stop.user);
    if (fault !== null) return 'add.bad.jumps';
  }
  return null;
}

export function jumpLoginFaults(form: JumpsForm, hasSshAgent: boolean): AddFaults {
  return hasJumps(form) ? credentialFaults(form, hasSshAgent) : {};
}

export function jumpsRequest(form: JumpsForm, user: string): Pick<AddMachine, 'jumps'> {
  const stops = stopsOf(form.through, user);
  if (stops.length === 0) return {};
  const credentials = jumpCredentials(form);
  return { jumps: stops.map((stop) => ({ ...stop, port: Number(stop.port), credentials })) };
}

function jumpCredentials(form: LoginForm): JumpCredentials {
  const credentials = credentialsOf(form);
  return credentials.kind === 'password' ? { kind: 'password', password: credentials.password } : credentials;
}
