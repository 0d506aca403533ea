// What the app knows of itself and of this computer, asked once for each place that shows it.
import { useEffect, useState } from 'react';
import type { AppInfo } from '../../electron/contract/channels.ts';
import { showRefusal } from '../app/acts.ts';
import { call, drop } from '../bridge/bridge.ts';

export function useAppInfo(): AppInfo | null {
  const [info, setInfo] = useState<AppInfo | null>(null);
  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const answer = await call('app:info', {});
      if (isGone) return;
      if (answer.ok) setInfo(answer.value);
      else showRefusal(answer.refusal);
    };
    drop(load(), 'shows its own refusal');
    return () => {
      isGone = true;
    };
  }, []);
  return info;
}
