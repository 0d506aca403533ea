// The name of a machine that opens it in the inspector: the same on every list.
import type { MachineId } from '../../electron/contract/ids.ts';
import { RowDoor } from '../kit/row-door.tsx';
import { inspect } from '../store/view.ts';

export function MachineDoor({ id, name }: { readonly id: MachineId; readonly name: string }) {
  return <RowDoor name={name} onOpen={() => inspect({ kind: 'machine', id })} />;
}
