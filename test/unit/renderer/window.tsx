// Draws parts of the window over the simulated cluster, for tests of components.
import { cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { setBridge } from '../../../renderer/bridge/bridge.ts';
import { startSync } from '../../../renderer/bridge/sync.ts';
import { TipProvider } from '../../../renderer/kit/tip.tsx';
import { tableStore } from '../../../renderer/store/tables.ts';
import { toastStore } from '../../../renderer/store/toasts.ts';
import { viewStore } from '../../../renderer/store/view.ts';
import { bridgeTo } from '../../support/fake-bridge/bridge.ts';
import { FakeCluster } from '../../support/fake-bridge/cluster.ts';
import type { SceneName } from '../../support/fake-bridge/scenes.ts';
import { until } from '../../support/wait.ts';

const startingView = viewStore.getInitialState();

// What a browser has and jsdom has not.
window.matchMedia ??= (query) =>
  ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }) as never;
window.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
if (!('scrollIntoView' in Element.prototype))
  Object.assign(Element.prototype, { scrollIntoView: () => undefined });

// jsdom lays nothing out: windowed rows would all be out of sight.
for (const [side, px] of [
  ['clientWidth', 800],
  ['clientHeight', 600],
] as const) {
  Object.defineProperty(HTMLElement.prototype, side, {
    configurable: true,
    get(this: HTMLElement) {
      return this.classList.contains('rows') ? px : 0;
    },
  });
}

export type Drawn = { readonly cluster: FakeCluster; readonly close: () => void };

export async function draw(element: ReactNode, scene: SceneName = 'busy'): Promise<Drawn> {
  viewStore.setState(startingView, true);
  toastStore.setState({ toasts: [] });
  tableStore.setState({ status: 'loading', seq: 0 });
  const cluster = new FakeCluster(scene);
  setBridge(bridgeTo(cluster));
  const stop = startSync();
  await until(() => tableStore.getState().status === 'ready', { what: 'the first snapshot' });
  render(<TipProvider>{element}</TipProvider>);
  return {
    cluster,
    close: () => {
      cleanup();
      stop();
    },
  };
}

/** Requests of one channel, newest last. */
export function asked(cluster: FakeCluster, channel: string): readonly unknown[] {
  return cluster.asked.filter((each) => each.channel === channel).map((each) => each.request);
}
