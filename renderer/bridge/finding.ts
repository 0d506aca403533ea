// The search of this window: opened with the page that shows it, closed with it.
import { applyChange, findingStore } from '../store/finding.ts';
import { call, drop, listen } from './bridge.ts';

/** Returns the function that ends it; what was found stays until the next search. */
export function startFinding(): () => void {
  let isStopped = false;
  const stopListening = listen('discovery:change', (change) => {
    findingStore.setState((old) => applyChange(old, change), true);
  });
  const close = (searchId: number): void => drop(call('discovery:close', { searchId }), 'it may have ended');
  findingStore.setState({ phase: 'opening', refusal: null });
  const open = async (): Promise<void> => {
    const answer = await call('discovery:open', {});
    if (!answer.ok) {
      if (!isStopped) findingStore.setState({ phase: 'refused', refusal: answer.refusal });
      return;
    }
    const { searchId, networks } = answer.value;
    if (isStopped) return close(searchId);
    findingStore.setState((old) => {
      // Nothing was told of it yet: what the last one found goes now.
      const machines = old.searchId === searchId ? old.machines : new Map();
      return { ...old, searchId, networks, machines, phase: 'open' };
    }, true);
  };
  drop(open(), 'call never rejects');
  return () => {
    isStopped = true;
    stopListening();
    const { phase, searchId } = findingStore.getState();
    if (phase === 'open') close(searchId);
    findingStore.setState({ phase: 'closed' });
  };
}
