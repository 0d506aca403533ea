// The login step: exactly one attempt with what the person gave. After a password (or a protected key file) our own key
// is planted and proven by a second login, so that nothing the person typed is needed again.
import type { LaneContext } from '../../../core/kernel/effects.ts';
import type { Learned } from '../../../core/kernel/events.ts';
import { plantKey } from '../authorized-keys.ts';
import { done, failed, type Lane, type StepReport } from '../lane.ts';
import { type LoginAttempt, prepareLogin } from '../login.ts';
import type { HeldCredentials } from '../vault.ts';

export async function login(lane: Lane, context: LaneContext): Promise<StepReport> {
  const { hostKey } = context;
  const ran = `log in as ${lane.where}`;
  if (hostKey === null) {
    return failed(ran, { code: 'conflict', reason: 'host-key-unconfirmed', detail: lane.where });
  }
  const held = lane.tools.vault.get(lane.place.machineId);
  if (held === undefined) {
    return failed(ran, { code: 'conflict', reason: 'credentials-missing', detail: lane.where });
  }
  const prepared = await prepare(lane, held);
  if (!prepared.ok) return failed(ran, prepared.refusal);
  const act = `${ran} with ${words(prepared.value)}`;
  const opened = await lane.connect(hostKey, prepared.value);
  if (!opened.ok) return failed(act, opened.refusal);
  lane.connection = opened.value;
  const hello = `logged in; ${opened.value.greeting.ciphers}`;
  const said = opened.value.serverWords === '' ? hello : `${opened.value.serverWords}\n${hello}`;
  const needsKey = held.kind === 'password' || held.passphrase !== null;
  if (held.kind === 'login' && !needsKey) {
    return done(act, said, { login: held.login, keyPlanted: false } satisfies Learned);
  }
  return plantAndProve(lane, context, { act, said });
}

async function prepare(lane: Lane, held: HeldCredentials) {
  if (held.kind === 'password') {
    return { ok: true, value: { kind: 'password', password: held.password } } as const;
  }
  return prepareLogin(held.login, held.passphrase, lane.tools.sources);
}

function words(attempt: LoginAttempt): string {
  return attempt.kind === 'password' ? 'the password' : attempt.words;
}

async function plantAndProve(
  lane: Lane,
  context: LaneContext,
  first: { readonly act: string; readonly said: string },
): Promise<StepReport> {
  const { tools } = lane;
  const ran = `${first.act}; add one line to ~/.ssh/authorized_keys; log in again with Mesolite's own key`;
  const planted = await plantKey(lane);
  if (!planted.ok) return failed(ran, planted.refusal, first.said);
  if (!planted.value.wasThere) lane.made.push({ kind: 'key' });
  // From here on the password has no use any more.
  tools.vault.drop(lane.place.machineId);
  const passwordConnection = lane.connection;
  const own = await prepareLogin({ kind: 'own-key' }, null, tools.sources);
  if (!own.ok) return failed(ran, own.refusal, first.said);
  if (context.hostKey === null) throw new Error('checked by the caller');
  const proven = await lane.connect(context.hostKey, own.value);
  if (!proven.ok) {
    const { refusal } = proven;
    const isRefused = refusal.code === 'unauthorized';
    return failed(ran, isRefused ? { ...refusal, reason: 'planted-key-refused' } : refusal, first.said);
  }
  lane.connection = proven.value;
  passwordConnection?.close();
  const note = planted.value.wasThere ? 'our key was there already' : `planted: ${planted.value.line}`;
  const learned: Learned = { login: { kind: 'own-key' }, keyPlanted: true };
  return done(ran, `${first.said}\n${note}\nthe key works`, learned);
}
