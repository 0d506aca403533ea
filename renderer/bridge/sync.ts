// Keeps the tables equal to the master's: snapshot first, then patches in order; a gap asks for a new snapshot.
import type { Patch } from '../../electron/contract/tables.ts';
import { applyPatch, applySnapshot, tableStore } from '../store/tables.ts';
import { call, drop, listen } from './bridge.ts';

const retryAfterMs = 1000;

/** Returns the function that stops it. */
export function startSync(): () => void {
  let isStopped = false;
  let isLoading = false;
  let pending: Patch[] = [];
  let retry: ReturnType<typeof setTimeout> | undefined;

  const load = async (): Promise<void> => {
    if (isLoading || isStopped) return;
    isLoading = true;
    const answer = await call('state:snapshot', {});
    isLoading = false;
    if (isStopped) return;
    if (!answer.ok) {
      tableStore.setState({ status: 'failed', problem: answer.refusal });
      retry = setTimeout(() => drop(load(), 'shows its own failure'), retryAfterMs);
      return;
    }
    applySnapshot(answer.value);
    const waiting = pending;
    pending = [];
    for (const patch of waiting) take(patch);
  };

  const take = (patch: Patch): void => {
    if (isLoading || tableStore.getState().status !== 'ready') {
      pending.push(patch);
      return;
    }
    const { seq } = tableStore.getState();
    if (patch.to <= seq) return;
    if (patch.from !== seq) {
      pending = [patch];
      drop(load(), 'shows its own failure');
      return;
    }
    applyPatch(patch);
  };

  const stop = listen('state:patch', take);
  drop(load(), 'shows its own failure');
  return () => {
    isStopped = true;
    if (retry !== undefined) clearTimeout(retry);
    stop();
  };
}
