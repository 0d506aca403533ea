// The way to the machine: each jump host shows its key, is confirmed by the person or by what is pinned, and only then gets a
// credential. The step ends at the first one that nobody has confirmed, and is asked for again when it is.
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { probeHostKey } from '../connect.ts';
import { confirmedHops, type JumpHosts, nameOf, ofHop } from '../jumps.ts';
import { done, failed, type Lane, type StepReport } from '../lane.ts';

export async function passJumps(lane: Lane, context: LaneContext, hosts: JumpHosts): Promise<StepReport> {
  const { jumps = [], machineId } = context;
  const { signal } = lane.abort;
  const hops = confirmedHops(jumps, (at) => lane.tools.vault.jumpSecret(machineId, at));
  const next = jumps[hops.length];
  const passed = hops.map(nameOf);
  if (next === undefined) {
    const ran = `log in to ${passed.join(', then ')}`;
    const all = await hosts.pass(hops, signal);
    return all.ok ? done(ran, 'all of them let us in') : failed(ran, all.refusal);
  }
  const { address, port } = next;
  const through = passed.length === 0 ? '' : ` through ${passed.join(', ')}`;
  const ran = `SSH key exchange with the jump host ${address} port ${port}${through} (no login)`;
  const greeting = await probeHostKey({ address, port }, hosts.way(hops), signal);
  if (!greeting.ok) return failed(ran, ofHop(next, greeting.refusal));
  const { hostKey, banner } = greeting.value;
  return done(ran, `${banner}\n${hostKey.type} ${hostKey.fingerprint}`, { jumpKey: hostKey });
}
