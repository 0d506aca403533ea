// Opens SSH connections: one that stops at the host key, and one that logs in.
import { ok, type Result, refuse } from '../../contract/errors.ts';
import type { HostKey } from '../../contract/machine.ts';
import { SshConnection } from './connection.ts';
import { type Greeting, Handshake } from './handshake.ts';
import type { LoginAttempt } from './login.ts';
import { type Address, openTcp } from './tcp.ts';

/** Stops after the key exchange: no user name, no credential leaves. */
export async function probeHostKey(to: Address, signal: AbortSignal): Promise<Result<Greeting>> {
  const tcp = await openTcp(to, signal);
  if (!tcp.ok) return tcp;
  const attempt = new Handshake({ to, socket: tcp.value, pinned: null, login: null, signal });
  const result = await attempt.run();
  attempt.client.destroy();
  if (result.ok) return refuse('internal', 'handshake-failed', 'the server skipped the key exchange');
  return attempt.greeting === null ? result : ok(attempt.greeting);
}

export type OpenRequest = {
  readonly to: Address;
  readonly user: string;
  readonly hostKey: HostKey;
  readonly attempt: LoginAttempt;
  readonly signal: AbortSignal;
};

export async function openSsh(request: OpenRequest): Promise<Result<SshConnection>> {
  const { to, user, hostKey, attempt, signal } = request;
  const tcp = await openTcp(to, signal);
  if (!tcp.ok) return tcp;
  const login = { user, attempt };
  const handshake = new Handshake({ to, socket: tcp.value, pinned: hostKey, login, signal });
  const result = await handshake.run();
  if (result.ok) return ok(new SshConnection(handshake));
  handshake.client.destroy();
  return result;
}
