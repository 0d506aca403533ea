// Opens SSH connections: one that stops at the host key, and one that logs in.
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { HostKey } from '../../contract/machine.ts';
import { SshConnection } from './connection.ts';
import { type Greeting, Handshake } from './handshake.ts';
import type { LoginAttempt } from './login.ts';
import type { Address } from './tcp.ts';
import { hangUp, type Way } from './way.ts';

/** Stops after the key exchange: no user name, no credential leaves. */
export async function probeHostKey(to: Address, way: Way, signal: AbortSignal): Promise<Result<Greeting>> {
  const stream = await way.open(to, signal);
  if (!stream.ok) return stream;
  const attempt = new Handshake({ to, socket: stream.value, pinned: null, login: null, signal });
  const result = await attempt.run();
  attempt.client.destroy();
  hangUp(stream.value);
  if (result.ok) return refuse('internal', 'handshake-failed', 'the server skipped the key exchange');
  return attempt.greeting === null ? ended(result.refusal, way) : ok(attempt.greeting);
}

export type OpenRequest = {
  readonly to: Address;
  readonly user: string;
  readonly hostKey: HostKey;
  readonly attempt: LoginAttempt;
  readonly signal: AbortSignal;
  readonly way: Way;
};

export async function openSsh(request: OpenRequest): Promise<Result<SshConnection>> {
  const { to, user, hostKey, attempt, signal, way } = request;
  const stream = await way.open(to, signal);
  if (!stream.ok) return stream;
  const login = { user, attempt };
  const handshake = new Handshake({ to, socket: stream.value, pinned: hostKey, login, signal });
  const result = await handshake.run();
  if (result.ok) return ok(new SshConnection(handshake, way));
  handshake.client.destroy();
  hangUp(stream.value);
  return ended(result.refusal, way);
}

/** A jump host that went away is the reason of all that ended with it. */
function ended(refusal: Refusal, way: Way): Result<never> {
  const isLost = refusal.code === 'unreachable' || refusal.code === 'timeout';
  return { ok: false, refusal: (isLost ? way.whyBroken() : null) ?? refusal };
}
