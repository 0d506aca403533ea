// The verbs of a machine, the same in the row, the inspector and the palette.
import { Handshake, ListChecks, Pencil, Play, RotateCw, SquareSplitHorizontal, Trash2 } from 'lucide-react';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import { reconnect } from '../app/acts.ts';
import { useWords } from '../app/messages/words.ts';
import type { MenuEntry } from '../kit/menu.tsx';
import { agentOf, isWholeLocal } from '../store/selectors.ts';
import { useTables } from '../store/tables.ts';
import { go, openDialog } from '../store/view.ts';
import { holderOf } from './holder.ts';
import { serviceVerbs } from './service-verbs.tsx';

export function useMachineMenu(machine: MachineRecord): readonly MenuEntry[] {
  const words = useWords();
  const { id: machineId, name } = machine;
  const agent = useTables((tables) => agentOf(tables, machine));
  const holder = holderOf(useTables((tables) => tables.links.get(machineId)?.problem ?? null));
  const entries: MenuEntry[] = [
    {
      kind: 'item',
      text: words.t('verb.run-task'),
      icon: <Play />,
      act: () => openDialog({ kind: 'run-task', machineId }),
    },
    {
      kind: 'item',
      text: words.t('inspector.tasks'),
      icon: <ListChecks />,
      keys: 'L',
      act: () => go({ page: 'tasks', filter: name, state: 'all' }),
    },
    {
      kind: 'item',
      text: words.t('slices.partition-machine'),
      icon: <SquareSplitHorizontal />,
      isDisabled: machine.agentId === null,
      act: () => openDialog({ kind: 'partition-machine', machineId }),
    },
    { kind: 'line' },
    {
      kind: 'item',
      text: words.t('verb.edit'),
      icon: <Pencil />,
      act: () => openDialog({ kind: 'edit-machine', machineId }),
    },
    { kind: 'item', text: words.t('verb.reconnect'), icon: <RotateCw />, act: () => reconnect(machine) },
    { kind: 'line' },
    ...serviceVerbs(machine, agent).map(
      ({ text, icon, act }): MenuEntry => ({ kind: 'item', text: words.t(text), icon, act }),
    ),
  ];
  if (holder !== null) {
    entries.push({
      kind: 'item',
      text: words.t('verb.take-over'),
      icon: <Handshake />,
      act: () => openDialog({ kind: 'take-over', machineId }),
    });
  }
  if (!isWholeLocal(machine)) {
    const isSlice = machine.via.kind === 'local';
    entries.push(
      { kind: 'line' },
      {
        kind: 'item',
        text: words.t(isSlice ? 'verb.remove-demo' : 'verb.remove'),
        icon: <Trash2 />,
        isDanger: true,
        act: () => openDialog(isSlice ? { kind: 'remove-demo' } : { kind: 'remove-machine', machineId }),
      },
    );
  }
  return entries;
}
