// Cursor and selection of a list of ids: arrows or J/K, X, Ctrl and Shift with the pointer.
import { useState } from 'react';

export type Press = { readonly isToggle: boolean; readonly isRange: boolean };

export function useSelection<Id extends string>(order: readonly Id[]) {
  const [cursor, setCursor] = useState<Id | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<Id>>(new Set());
  const toggle = (id: Id) => {
    setChosen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
    setCursor(id);
  };
  const move = (by: number) => {
    const at = cursor === null ? -1 : order.indexOf(cursor);
    const next = order[Math.min(order.length - 1, Math.max(0, at + by))];
    if (next !== undefined) setCursor(next);
  };
  const press = (id: Id, { isToggle, isRange }: Press) => {
    if (isToggle) {
      toggle(id);
      return;
    }
    if (isRange && cursor !== null) {
      const [from, to] = [order.indexOf(cursor), order.indexOf(id)].sort((a, b) => a - b) as [number, number];
      setChosen((old) => new Set([...old, ...order.slice(Math.max(0, from), to + 1)]));
    }
    setCursor(id);
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
