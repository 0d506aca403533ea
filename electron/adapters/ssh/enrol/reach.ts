// The steps before the login: a TCP connection, the server's greeting and key, and the confirmed key.
import { Socket } from 'node:net';
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { probeHostKey } from '../connect.ts';
import { done, failed, type Lane, type StepReport } from '../lane.ts';
import { hangUp } from '../way.ts';

export async function reach(lane: Lane): Promise<StepReport> {
  const { address, port } = lane.place;
  const ran = `TCP connection to ${address} port ${port}`;
  const opened = await lane.way.open({ address, port }, lane.abort.signal);
  if (!opened.ok) return failed(ran, opened.refusal);
  const seen = opened.value instanceof Socket ? opened.value.remoteAddress : undefined;
  hangUp(opened.value);
  return done(ran, `connected to ${seen ?? address}`);
}

export async function identify(lane: Lane): Promise<StepReport> {
  const { address, port } = lane.place;
  const ran = `SSH key exchange with ${address} port ${port} (no login)`;
  const greeting = await probeHostKey({ address, port }, lane.way, lane.abort.signal);
  if (!greeting.ok) return failed(ran, greeting.refusal);
  const { hostKey, banner } = greeting.value;
  return done(ran, `${banner}\n${hostKey.type} ${hostKey.fingerprint}`, { hostKey });
}

/** The person's answer comes from the core with the context; here it is only compared. */
export function checkHostKey(context: LaneContext): StepReport {
  const ran = 'compare the fingerprint';
  const shown = context.learned.hostKey;
  const confirmed = context.hostKey;
  if (confirmed === null) {
    return failed(ran, {
      code: 'conflict',
      reason: 'host-key-unconfirmed',
      detail: shown?.fingerprint ?? '',
    });
  }
  if (shown !== undefined && shown.key !== confirmed.key) {
    const detail = `confirmed ${confirmed.fingerprint}, shown ${shown.fingerprint}`;
    return failed(ran, { code: 'conflict', reason: 'host-key-changed', detail });
  }
  return done(ran, `${confirmed.type} ${confirmed.fingerprint} is confirmed`);
}
