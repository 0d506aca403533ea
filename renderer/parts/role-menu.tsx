// Verbs of a role.
import { FolderPlus, Pencil, Trash2 } from 'lucide-react';
import type { Words } from '../app/messages/words.ts';
import { removeRole } from '../app/role-acts.ts';
import { drop } from '../bridge/bridge.ts';
import type { MenuEntry } from '../kit/menu.tsx';
import { openDialog } from '../store/view.ts';

/** Everybody's role has no roles below it and never goes. */
export function roleMenu(role: string, words: Words): readonly MenuEntry[] {
  const change: MenuEntry = {
    kind: 'item',
    text: words.t('roles.change'),
    icon: <Pencil />,
    keys: 'E',
    act: () => openDialog({ kind: 'change-role', role }),
  };
  if (role === '*') return [change];
  return [
    change,
    {
      kind: 'item',
      text: words.t('roles.new-below'),
      icon: <FolderPlus />,
      act: () => openDialog({ kind: 'change-role', role: null, parent: role }),
    },
    { kind: 'line' },
    {
      kind: 'item',
      text: words.t('roles.remove'),
      icon: <Trash2 />,
      act: () => drop(removeRole(role), 'shows its own refusal'),
    },
  ];
}
