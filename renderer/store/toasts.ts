// Toasts: short words at the corner. Success is never toasted before its effect was seen; undo where it is reversible.
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

export type Toast = {
  readonly id: number;
  readonly tone: 'plain' | 'failed';
  readonly text: string;
  readonly detail: string;
  readonly undo: (() => void) | null;
};

const shownMs = 10_000;
let lastId = 0;

export const toastStore = createStore<{ readonly toasts: readonly Toast[] }>()(() => ({ toasts: [] }));

export function useToasts(): readonly Toast[] {
  return useStore(toastStore, (state) => state.toasts);
}

export function dismissToast(id: number): void {
  toastStore.setState((state) => ({ toasts: state.toasts.filter((one) => one.id !== id) }));
}

export function toast(entry: Partial<Toast> & { readonly text: string }): void {
  lastId += 1;
  const id = lastId;
  const full: Toast = { tone: 'plain', detail: '', undo: null, ...entry, id };
  toastStore.setState((state) => ({ toasts: [...state.toasts.slice(-3), full] }));
  setTimeout(() => dismissToast(id), shownMs);
}
