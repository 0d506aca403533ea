// The name of a machine that opens it in the inspector: the same on every list.
import type { MachineId } from '../../electron/contract/ids.ts';
import { RowDoor } from '../kit/row-door.tsx';
import { inspect, type Route } from '../store/view.ts';

/** Where a number of active tasks leads: of a machine that is not heard nobody knows whether they are. */
export function listOfActive({ name }: { readonly name: string }, isFresh: boolean): Route {
  return { page: 'tasks', filter: name, state: isFresh ? 'active' : 'unknown' };
}

export function MachineDoor({ id, name }: { readonly id: MachineId; readonly name: string }) {
  return <RowDoor name={name} onOpen={() => inspect({ kind: 'machine', id })} />;
}
