// The store's thread with a disk that does what a test says: a commit takes as long as it is told to, or the thread dies.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { StorePlace } from '../../electron/adapters/store/thread-messages.ts';
import { serveStore } from '../../electron/adapters/store/thread-serve.ts';
import { type Hooks, hook, slowDown } from './store-hooks.ts';

if (!parentPort) throw new Error('this is the program of a thread');
const place = workerData as StorePlace & Hooks;
const { hooks } = place;

/** Once: the thread that comes after this one lives. */
function isToDie(at: number): boolean {
  return Atomics.exchange(hooks, at, 0) === 1;
}

function trace(sql: unknown): void {
  if (slowDown(hooks, sql) && isToDie(hook.dieBeforeWrite)) process.exit(9);
}

/** The answer of a commit is the first word after its write. */
function dyingPort(port: MessagePort): MessagePort {
  const postMessage = port.postMessage.bind(port);
  port.postMessage = (message: unknown): void => {
    if (isToDie(hook.dieBeforeAnswer)) process.exit(9);
    postMessage(message);
  };
  return port;
}

serveStore({ port: dyingPort(parentPort), place, trace });
