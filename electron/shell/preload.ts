// The bridge of the window: two functions and nothing else. It runs sandboxed beside the page; the page never sees
// `ipcRenderer`, an event object or a channel name of Electron.
import { contextBridge, ipcRenderer } from 'electron';
import type { Bridge, PushChannel, Pushes } from '../contract/channels.ts';
import type { Refusal, Result } from '../contract/errors.ts';

const limits = { depth: 8, nodes: 5000, chars: 9 * 1024 * 1024 } as const;

/** Huge or deep requests end here, in the window's own process, so that decoding them cannot stall the main process. */
function isSmall(value: unknown): boolean {
  let nodes = 0;
  let chars = 0;
  const visit = (item: unknown, depth: number): boolean => {
    nodes += 1;
    if (nodes > limits.nodes || depth > limits.depth) return false;
    if (typeof item === 'string') chars += item.length;
    if (chars > limits.chars) return false;
    if (typeof item !== 'object' || item === null) return true;
    if (ArrayBuffer.isView(item) || item instanceof ArrayBuffer) return false;
    return Object.entries(item).every(([name, child]) => {
      chars += name.length;
      return visit(child, depth + 1);
    });
  };
  return visit(value, 0);
}

/** By hand: the contract's own function would bring zod into every window. */
function refused(reason: string, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code: 'invalid', reason, detail } };
}

type Listener = (push: never) => void;
const listeners = new Map<string, Set<Listener>>();

ipcRenderer.on('mesolite:push', (_event, channel: string, push: unknown) => {
  for (const listener of listeners.get(channel) ?? []) (listener as (push: unknown) => void)(push);
});

const bridge: Bridge = {
  invoke: async (channel, request) => {
    if (!isSmall(request)) return refused('too-large', 'the request is too large');
    try {
      return (await ipcRenderer.invoke('mesolite:invoke', channel, request)) as Result<never>;
    } catch {
      // Something that cannot be cloned, or the main process is going away.
      return refused('not-sent', 'the request could not be sent');
    }
  },
  subscribe: <P extends PushChannel>(channel: P, listener: (push: Pushes[P]) => void) => {
    const wanted: string = channel;
    // One own function each: subscribing the same listener twice must not make the first `off` end both.
    const own = ((push: Pushes[P]) => listener(push)) as Listener;
    const set = listeners.get(wanted) ?? new Set<Listener>();
    listeners.set(wanted, set.add(own));
    return () => void set.delete(own);
  },
};

contextBridge.exposeInMainWorld('mesolite', bridge);
