// Reading of a find: whether it is here, whether it is a machine of ours already, how one would log in. Pure.
import type { FoundMachine, FoundPort } from '../../electron/contract/discovery.ts';
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { AddPrefill } from '../store/view.ts';

/** Heard or answered on a network of this computer, not only named in a file. */
export function isHere(found: FoundMachine): boolean {
  return found.seenBy.some((source) => source !== 'ssh-config' && source !== 'known-hosts');
}

/** The port where SSH is, as far as one knows: seen before said, and the lowest of several. */
export function sshPortOf(found: FoundMachine): FoundPort | null {
  const speaks = (port: FoundPort) => port.banner === null || port.banner.startsWith('SSH-');
  return (
    found.ports.find((port) => port.state === 'open' && speaks(port)) ??
    found.ports.find((port) => port.state === 'said') ??
    found.ports.find((port) => port.state === 'closed') ??
    null
  );
}

export function hasRevokedKey(found: FoundMachine): boolean {
  return found.hostKeys.some(({ mark }) => mark === 'revoked');
}

/** The machines in between, as the files of ssh name them. */
export function jumpsOf(found: FoundMachine): readonly string[] {
  return found.logins[0]?.jumps ?? [];
}

/** A machine that we have under one of its addresses, its names, or a hardware address that a maker gave it. */
function ownMachineOf(tables: Tables, found: FoundMachine): MachineRecord | null {
  const known = new Set([...found.addresses, ...found.names]);
  const macs = new Set(found.macs.filter((mac) => (Number.parseInt(mac.slice(0, 2), 16) & 2) === 0));
  for (const machine of tables.machines.values()) {
    if (machine.via.kind === 'ssh' && known.has(machine.via.address.toLowerCase())) return machine;
    const agent = machine.agentId === null ? undefined : tables.agents.get(machine.agentId);
    const isSame = agent?.facts.addresses.some(({ mac }) => macs.has(mac.toLowerCase())) ?? false;
    if (isSame && !('demo' in machine.via)) return machine;
  }
  return null;
}

/** What the name of a machine may have (contract/channels.ts). */
const maxNameChars = 100;

/** What it is to us already. Null: it can be added, unless it is behind another machine. */
export type Standing = { readonly kind: 'ours'; readonly name: string } | { readonly kind: 'coming' };

export function standingOf(tables: Tables, found: FoundMachine): Standing | null {
  const owner = ownMachineOf(tables, found);
  if (owner !== null) return { kind: 'ours', name: owner.name };
  const known = new Set([...found.addresses, ...found.names, ...found.logins.map(({ address }) => address)]);
  for (const lane of tables.lanes.values()) {
    const isComing = lane.kind === 'add' && lane.state !== 'failed' && lane.state !== 'cancelled';
    if (isComing && known.has(placeOf(lane).host.toLowerCase())) return { kind: 'coming' };
  }
  return null;
}

/** Its title is `user@address:port`. */
function placeOf({ title }: LaneRecord): { readonly host: string; readonly port: number } {
  const colon = title.lastIndexOf(':');
  return { host: title.slice(title.indexOf('@') + 1, colon), port: Number(title.slice(colon + 1)) };
}

/** Whose key is shown: the machine's, or that of one in between. */
export function keyPlaceOf(lane: LaneRecord): { readonly host: string; readonly port: number } {
  const { jump } = lane;
  return jump ? { host: jump.address, port: jump.port } : placeOf(lane);
}

export function nameOf(standing: Standing | null): string {
  return standing?.kind === 'ours' ? standing.name : '';
}

export function prefillOf(found: FoundMachine): AddPrefill {
  const [login] = found.logins;
  const address = login?.address ?? found.addresses[0] ?? found.names[0] ?? '';
  return {
    name: found.title === address ? '' : found.title.slice(0, maxNameChars),
    address,
    port: String(login?.port ?? sshPortOf(found)?.port ?? 22),
    user: login?.user ?? null,
    keyFile: login?.identityFiles[0] ?? null,
    ...(jumpsOf(found).length > 0 ? { through: jumpsOf(found).join(', ') } : {}),
  };
}
