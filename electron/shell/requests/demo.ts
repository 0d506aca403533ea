// The demo rack: each request becomes one command of the master.
import type { Demo } from '../demo.ts';
import type { Handlers } from '../ipc-gate.ts';

export function demoRequests(demo: Demo): Pick<Handlers, 'demo:start' | 'demo:remove'> {
  return { 'demo:start': () => demo.start(), 'demo:remove': () => demo.remove() };
}
