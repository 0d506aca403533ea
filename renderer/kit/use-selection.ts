// Cursor and selection of a list of ids: arrows or J/K, X, Ctrl and Shift with the pointer. What rows are handed stays the
// same function, so that they are drawn again only when they change.
import { useCallback, useRef, useState } from 'react';

export type Press = { readonly isToggle: boolean; readonly isRange: boolean };

export function useSelection<Id extends string>(order: readonly Id[]) {
  const [cursor, setCursor] = useState<Id | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const now = useRef({ order, cursor });
  now.current = { order, cursor };
  const toggle = useCallback((id: Id) => {
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
    setCursor(id);
  }, []);
  const press = useCallback(
    (id: Id, { isToggle, isRange }: Press) => {
      if (isToggle) {
        toggle(id);
        return;
      }
      const { order: ids, cursor: from } = now.current;
      if (isRange && from !== null) {
        const [first, last] = [ids.indexOf(from), ids.indexOf(id)].sort((a, b) => a - b) as [number, number];
        setChosen((old) => new Set([...old, ...ids.slice(Math.max(0, first), last + 1)]));
      }
      setCursor(id);
    },
    [toggle],
  );
  const move = (by: number) => {
    const at = cursor === null ? -1 : order.indexOf(cursor);
    const next = order[Math.min(order.length - 1, Math.max(0, at + by))];
    if (next !== undefined) setCursor(next);
  };
  return {
    cursor,
    selected: chosen,
    move,
    press,
    toggle,
    selectAll: () => setChosen(new Set(order)),
    clear: () => setChosen(new Set()),
  };
}
