// Where a machine is, in a few words: its address, this computer, or a demo slice of it.
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { Words } from '../app/messages/words.ts';

export function placeOf({ via }: MachineRecord, words: Words): string {
  if (via.kind === 'ssh') return `${via.user}@${via.address}`;
  if (via.demo !== undefined) return words.t('machines.demo', { slot: via.demo.slot });
  return words.t('machines.local');
}
