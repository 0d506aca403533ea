// The form of the add-machine dialog: what can be pasted, what is wrong in words, and the request it makes. Pure.
import type { AddMachine, AppInfo, Credentials } from '../../../electron/contract/channels.ts';
import type { MessageKey } from '../../app/messages/en.ts';
import type { AddPrefill } from '../../store/view.ts';

export const loginKinds = ['key-file', 'ssh-agent', 'password'] as const;
export type LoginKind = (typeof loginKinds)[number];

export type LoginForm = {
  readonly loginKind: LoginKind;
  readonly keyFile: string;
  readonly passphrase: string;
  readonly password: string;
};

export type AddForm = LoginForm & {
  readonly name: string;
  readonly address: string;
  readonly port: string;
  readonly user: string;
};

export const emptyLogin: LoginForm = { loginKind: 'key-file', keyFile: '', passphrase: '', password: '' };
export const emptyForm: AddForm = { ...emptyLogin, name: '', address: '', port: '22', user: '' };

export type LoginOffer = Pick<AddForm, 'user' | 'keyFile' | 'loginKind'>;

/** What this computer offers: the first key, else its ssh-agent, else a password; the same user name. */
export function offeredBy(info: AppInfo): LoginOffer {
  const [keyFile = ''] = info.keyFiles;
  return {
    user: info.user,
    keyFile,
    loginKind: keyFile !== '' ? 'key-file' : info.hasSshAgent ? 'ssh-agent' : 'password',
  };
}

/** What is known of the machine; what is not stays as it is. */
export function knownOf({ name, address, port, user, keyFile }: AddPrefill): Partial<AddForm> {
  return {
    name,
    address,
    port,
    ...(user === null ? {} : { user }),
    ...(keyFile === null ? {} : { keyFile, loginKind: 'key-file' }),
  };
}

export type AddField = 'address' | 'port' | 'user' | 'keyFile' | 'password' | 'loginKind';
export type AddFaults = Readonly<Partial<Record<AddField, MessageKey>>>;

export type Pasted = Partial<Pick<AddForm, 'address' | 'port' | 'user'>>;

/** `user@host:port`, `ssh://user@host:port/`, `ssh -p 2222 user@host`, `[2001:db8::1]:22`. null = nothing to take apart. */
export function takeApart(text: string): Pasted | null {
  let rest = text.trim();
  let port: string | undefined;
  const command = /^ssh\s+/.exec(rest);
  if (command !== null) {
    rest = rest.slice(command[0].length).trim();
    const option = /(?:^|\s)-p\s*(\d+)(?=\s|$)/.exec(rest);
    if (option !== null) {
      port = option[1];
      rest = rest.replace(option[0], ' ').trim();
    }
  }
  rest = rest.replace(/^(?:ssh|sftp):\/\//, '').replace(/\/.*$/, '');
  const found =
    /^(?:([^\s@:]+)@)?(\[[0-9a-fA-F:.%\w]+\]|[^\s@:[\]]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)(?::(\d{1,5}))?$/.exec(
      rest,
    );
  if (found === null) return null;
  const [, user, host = '', afterColon] = found;
  port = afterColon ?? port;
  const address = host.replace(/^\[|\]$/g, '');
  if (user === undefined && port === undefined && address === text.trim()) return null;
  return {
    address,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
}

export function addressFault(address: string): MessageKey | null {
  if (address === '') return 'add.bad.address-empty';
  return address.length > 255 || /[\s@/]/.test(address) ? 'add.bad.address' : null;
}

export function portFault(text: string): MessageKey | null {
  const port = Number(text);
  return /^\d+$/.test(text.trim()) && port >= 1 && port <= 65_535 ? null : 'add.bad.port';
}

export function userFault(user: string): MessageKey | null {
  if (user === '') return 'add.bad.user-empty';
  return user.length > 64 || /[\s:]/.test(user) ? 'add.bad.user' : null;
}

export function credentialFaults(form: LoginForm, hasSshAgent: boolean): AddFaults {
  if (form.loginKind === 'key-file' && form.keyFile === '') return { keyFile: 'add.bad.key-file' };
  if (form.loginKind === 'password' && form.password === '') return { password: 'add.bad.password' };
  if (form.loginKind === 'ssh-agent' && !hasSshAgent) return { loginKind: 'add.bad.agent' };
  return {};
}

export function faultsOf(form: AddForm, hasSshAgent: boolean): AddFaults {
  const address = addressFault(form.address.trim());
  const port = portFault(form.port);
  const user = userFault(form.user.trim());
  return {
    ...(address === null ? {} : { address }),
    ...(port === null ? {} : { port }),
    ...(user === null ? {} : { user }),
    ...credentialFaults(form, hasSshAgent),
  };
}

export function credentialsOf(form: LoginForm): Credentials {
  switch (form.loginKind) {
    case 'password':
      return { kind: 'password', password: form.password, plantKey: true };
    case 'ssh-agent':
      return { kind: 'login', login: { kind: 'ssh-agent' }, passphrase: null };
    case 'key-file': {
      const passphrase = form.passphrase === '' ? null : form.passphrase;
      return { kind: 'login', login: { kind: 'key-file', path: form.keyFile }, passphrase };
    }
  }
}

export function requestOf(form: AddForm): AddMachine {
  return {
    name: form.name.trim(),
    address: form.address.trim(),
    port: Number(form.port),
    user: form.user.trim(),
    credentials: credentialsOf(form),
  };
}
