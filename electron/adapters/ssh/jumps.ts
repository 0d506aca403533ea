// Ways to a machine: directly, or through jump hosts, each reached over the one before (direct-tcpip, RFC 4254 section 7.2).
// Machines behind the same jump host share one connection to it; it is closed when nobody has needed it for a moment.
// A jump host only passes connections on: no command runs there and nothing is left.
import type { Duplex } from 'node:stream';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { HostKey, JumpLogin } from '../../contract/machine.ts';
import type { LaneJump } from '../../core/kernel/events.ts';
import { openSsh } from './connect.ts';
import type { SshConnection } from './connection.ts';
import { type LoginAttempt, type LoginSources, prepareLogin } from './login.ts';
import type { Secret } from './secret.ts';
import type { Address } from './tcp.ts';
import { direct, type Way } from './way.ts';

/** The steps of a lane follow one another within it; so does a link that is made again. */
const lingerMs = 3000;

export type Hop = Address & {
  readonly user: string;
  readonly login: JumpLogin;
  readonly hostKey: HostKey;
  /** The password, or the passphrase of the key file. */
  readonly secret: Secret | null;
};

/** Up to the first one whose key nobody has confirmed. */
export function confirmedHops(jumps: readonly LaneJump[], secretAt: (at: number) => Secret | null): Hop[] {
  const hops: Hop[] = [];
  for (const [at, jump] of jumps.entries()) {
    const { hostKey } = jump;
    if (hostKey === null) break;
    hops.push({ ...jump, hostKey, secret: secretAt(at) });
  }
  return hops;
}

type Shared = {
  readonly opening: Promise<Result<SshConnection>>;
  readonly abort: AbortController;
  connection: SshConnection | null;
  users: number;
  idle: NodeJS.Timeout | null;
};

export class JumpHosts {
  private readonly sources: LoginSources;
  private readonly shared = new Map<string, Shared>();

  constructor(sources: LoginSources) {
    this.sources = sources;
  }

  /** Through these, nearest first; nothing is opened before the way is used. */
  way(hops: readonly Hop[]): Way {
    const last = hops.at(-1);
    if (last === undefined) return direct;
    let used: Shared | null = null;
    return {
      open: async (to, signal) => {
        const taken = await this.take(hops, signal);
        if (!taken.ok) return taken;
        used = taken.value;
        return this.forward(used, last, { to, signal });
      },
      whyBroken: () => {
        const why = used?.connection?.whyEnded() ?? null;
        return why === null ? null : ofHop(last, why);
      },
    };
  }

  /** Logs in to all of them. They stay open for a moment, for what comes next. */
  async pass(hops: readonly Hop[], signal: AbortSignal): Promise<Result<null>> {
    const taken = await this.take(hops, signal);
    if (!taken.ok) return taken;
    this.letGo(taken.value);
    return ok(null);
  }

  closeAll(): void {
    for (const shared of this.shared.values()) end(shared);
    this.shared.clear();
  }

  private async forward(
    shared: Shared,
    last: Hop,
    { to, signal }: { to: Address; signal: AbortSignal },
  ): Promise<Result<Duplex>> {
    const opened = (await shared.connection?.forward(to, signal)) ?? notConnected(last);
    if (!opened.ok) {
      this.letGo(shared);
      const { reason, detail } = opened.refusal;
      // That is about the jump host itself; all else is about what it was asked for.
      if (reason === 'forwarding-refused') return { ok: false, refusal: ofHop(last, opened.refusal) };
      const broken = shared.connection?.alive === true ? null : shared.connection?.whyEnded();
      if (broken) return { ok: false, refusal: ofHop(last, broken) };
      return { ok: false, refusal: { ...opened.refusal, detail: `${detail} (seen from ${nameOf(last)})` } };
    }
    opened.value.once('close', () => this.letGo(shared));
    return opened;
  }

  private async take(hops: readonly Hop[], signal: AbortSignal): Promise<Result<Shared>> {
    const key = keyOf(hops);
    const known = this.shared.get(key);
    const shared = known !== undefined && isUsable(known) ? known : this.begin(key, hops);
    shared.users += 1;
    if (shared.idle !== null) clearTimeout(shared.idle);
    const opened = await unlessAborted(shared.opening, signal);
    if (opened.ok) return ok(shared);
    this.letGo(shared);
    return opened;
  }

  private begin(key: string, hops: readonly Hop[]): Shared {
    const abort = new AbortController();
    const shared: Shared = {
      abort,
      opening: this.login(hops, abort.signal),
      connection: null,
      users: 0,
      idle: null,
    };
    this.shared.set(key, shared);
    void shared.opening.then((opened) => {
      if (opened.ok) shared.connection = opened.value;
      else if (this.shared.get(key) === shared) this.shared.delete(key);
    });
    return shared;
  }

  private async login(hops: readonly Hop[], signal: AbortSignal): Promise<Result<SshConnection>> {
    const hop = hops.at(-1);
    if (hop === undefined) return refuse('internal', 'step-failed', 'a way without a jump host');
    const attempt = await this.attemptFor(hop);
    if (!attempt.ok) return { ok: false, refusal: ofHop(hop, attempt.refusal) };
    const { address, port, user, hostKey } = hop;
    const opened = await openSsh({
      to: { address, port },
      user,
      hostKey,
      attempt: attempt.value,
      signal,
      way: this.way(hops.slice(0, -1)),
    });
    return opened.ok ? opened : { ok: false, refusal: ofHop(hop, opened.refusal) };
  }

  private async attemptFor({ login, secret, user, address }: Hop): Promise<Result<LoginAttempt>> {
    if (login.kind !== 'password') return prepareLogin(login, secret, this.sources);
    if (secret === null || secret.isWiped) {
      return refuse('conflict', 'jump-password-gone', `${user}@${address}`);
    }
    return ok({ kind: 'password', password: secret });
  }

  private letGo(shared: Shared): void {
    shared.users -= 1;
    if (shared.users > 0) return;
    // Nobody waits for it any more: it must not log in for nothing.
    if (shared.connection === null) return shared.abort.abort();
    shared.idle = setTimeout(() => end(shared), lingerMs);
    shared.idle.unref();
  }
}

function end(shared: Shared): void {
  if (shared.idle !== null) clearTimeout(shared.idle);
  shared.abort.abort();
  shared.connection?.close();
}

function isUsable({ abort, connection }: Shared): boolean {
  return !abort.signal.aborted && (connection === null || connection.alive);
}

/** Another key, user or login on the way is another way. */
function keyOf(hops: readonly Hop[]): string {
  return JSON.stringify(
    hops.map(({ address, port, user, login, hostKey }) => [
      address.toLowerCase(),
      port,
      user,
      login,
      hostKey.key,
    ]),
  );
}

export function nameOf({ user, address, port }: Pick<Hop, 'user' | 'address' | 'port'>): string {
  return `${user}@${address}:${port}`;
}

/** The same refusal, with the jump host that it is about; the nearest names itself first. */
export function ofHop(hop: Pick<Hop, 'user' | 'address' | 'port'>, refusal: Refusal): Refusal {
  if (refusal.detail.startsWith('jump host ')) return refusal;
  return { ...refusal, detail: `jump host ${nameOf(hop)}: ${refusal.detail}` };
}

function notConnected(hop: Hop): Result<never> {
  return refuse('unreachable', 'connection-reset', nameOf(hop));
}

/** What is shared goes on for the others. */
function unlessAborted<T>(work: Promise<Result<T>>, signal: AbortSignal): Promise<Result<T>> {
  if (signal.aborted) return Promise.resolve(refuse('conflict', 'cancelled', 'stopped'));
  return new Promise((resolve) => {
    const onAbort = () => resolve(refuse('conflict', 'cancelled', 'stopped'));
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then((result) => {
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    });
  });
}
