// Figures of the allocator while somebody looks at them: asked for when a table changes that they follow from, and every two
// seconds for what ends by time alone. One question at a time, shared by page and inspector.
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { RoleShare, Shares } from '../../electron/contract/shares.ts';
import type { TableName } from '../../electron/contract/tables.ts';
import { call, drop } from '../bridge/bridge.ts';
import { tableStore } from '../store/tables.ts';

type Known = { readonly shares: Shares | null; readonly refusal: Refusal | null };

const store = createStore<Known>()(() => ({ shares: null, refusal: null }));
const followed: readonly TableName[] = [
  'tasks',
  'offers',
  'roles',
  'reservations',
  'frameworks',
  'subscriptions',
  'agents',
  'machines',
];
const distanceMs = 200;
const beatMs = 2000;
let watchers = 0;

function watch(): () => void {
  watchers += 1;
  return () => {
    watchers -= 1;
  };
}

function follow(): () => void {
  let isAsking = false;
  let isWanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    isAsking = true;
    isWanted = false;
    const answer = await call('shares:view', {});
    // What was known stays on the screen: it is still the last that was true.
    if (answer.ok) store.setState({ shares: answer.value, refusal: null });
    else store.setState({ refusal: answer.refusal });
    timer = setTimeout(() => {
      isAsking = false;
      if (isWanted) want();
    }, distanceMs);
  };
  const want = (): void => {
    isWanted = true;
    if (!isAsking) drop(ask(), 'shows its own refusal');
  };
  const beat = setInterval(want, beatMs);
  const stop = tableStore.subscribe((now, before) => {
    if (followed.some((name) => now.tables[name] !== before.tables[name])) want();
  });
  want();
  return () => {
    clearInterval(beat);
    if (timer !== undefined) clearTimeout(timer);
    stop();
  };
}

let unfollow: (() => void) | null = null;

export function useShares(): Known {
  useEffect(() => {
    const leave = watch();
    unfollow ??= follow();
    return () => {
      leave();
      if (watchers > 0) return;
      unfollow?.();
      unfollow = null;
      store.setState({ shares: null, refusal: null });
    };
  }, []);
  return useStore(store);
}

export function shareOfRole(shares: Shares | null, role: string): RoleShare | undefined {
  return shares?.roles.find((each) => each.role === role);
}
