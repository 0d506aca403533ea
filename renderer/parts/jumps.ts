// Jump hosts in words. Pure.
import type { Jump, MachineRecord } from '../../electron/contract/machine.ts';

export function jumpName({ user, address, port }: Pick<Jump, 'user' | 'address' | 'port'>): string {
  return port === 22 ? `${user}@${address}` : `${user}@${address}:${port}`;
}

export function jumpNames({ via }: MachineRecord): readonly string[] {
  return via.kind === 'ssh' ? (via.jumps ?? []).map(jumpName) : [];
}
