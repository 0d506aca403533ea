// The keys that both views of roles have in common: the cursor over one list of ids, and what is done with the one under it.
import { type RefObject, useCallback } from 'react';
import { useKeys } from '../../kit/keys.ts';
import { useSelection } from '../../kit/use-selection.ts';
import { openDialog } from '../../store/view.ts';

export type RolesActs<Id> = {
  readonly open: (id: Id) => void;
  readonly change: (id: Id) => void;
  readonly remove?: (id: Id) => void;
};

export function useRolesKeys<Id extends string>(
  order: readonly Id[],
  acts: RolesActs<Id>,
  search: RefObject<HTMLInputElement | null>,
) {
  const { cursor, move, press } = useSelection(order);
  const withCursor = (act: ((id: Id) => void) | undefined) => () => {
    if (cursor !== null) act?.(cursor);
  };
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: withCursor(acts.open),
    e: withCursor(acts.change),
    c: () => openDialog({ kind: 'change-role', role: null }),
    Delete: withCursor(acts.remove),
    '/': () => search.current?.focus(),
  });
  const { open } = acts;
  const onPress = useCallback(
    (id: Id) => {
      press(id, { isToggle: false, isRange: false });
      open(id);
    },
    [press, open],
  );
  return { cursor, onPress };
}
