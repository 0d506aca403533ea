// Keys that hold on every page. Pages add their own (J, K, X, L, `.`) with useKeys.
import { useKeys } from '../kit/keys.ts';
import { go, inspect, openDialog, openPalette, useView, viewStore } from '../store/view.ts';

/** One step back: inspector, then from a task to the list. */
function stepBack(): void {
  const { isInspectorOpen, route } = viewStore.getState();
  if (isInspectorOpen) inspect(null);
  else if (route.page === 'task') go({ page: 'tasks', filter: '', state: 'all' });
}

export function toggleDock(): void {
  viewStore.setState((view) => ({ isDockOpen: !view.isDockOpen }));
}

export function useShortcuts(): void {
  const subject = useView((view) => view.subject);
  useKeys({
    'g r': () => go({ page: 'rack' }),
    'g t': () => go({ page: 'tasks', filter: '', state: 'all' }),
    'g m': () => go({ page: 'machines' }),
    'g o': () => go({ page: 'roles' }),
    'g f': () => go({ page: 'frameworks' }),
    'g s': () => go({ page: 'settings' }),
    'Mod+k': () =>
      viewStore.getState().isPaletteOpen ? viewStore.setState({ isPaletteOpen: false }) : openPalette(),
    '?': () => viewStore.setState({ isHelpOpen: true }),
    a: () => openDialog({ kind: 'add-machine' }),
    r: () => openDialog({ kind: 'run-task', machineId: subject?.kind === 'machine' ? subject.id : null }),
    d: toggleDock,
    Escape: stepBack,
  });
}
