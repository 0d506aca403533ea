// The store's thread with a disk that does what a test says: a commit takes as long as it is told to, or the thread dies.
import { parentPort, workerData } from 'node:worker_threads';
import type { StorePlace } from '../../electron/adapters/store/thread-messages.ts';
import { serveStore } from '../../electron/adapters/store/thread-serve.ts';
import type { Hooks } from './store-threads.ts';

if (!parentPort) throw new Error('this is the program of a thread');
const place = workerData as StorePlace & Hooks;
const { hooks } = place;
const never = new Int32Array(new SharedArrayBuffer(4));

serveStore({
  port: parentPort,
  place,
  trace: (sql) => {
    if (String(sql).startsWith('COMMIT')) {
      Atomics.add(hooks, 2, 1);
      Atomics.notify(hooks, 2);
      const ms = Atomics.load(hooks, 0);
      // Holds this thread as a disk would in fsync: nothing else of it runs.
      if (ms > 0) Atomics.wait(never, 0, 0, ms);
    }
    if (Atomics.load(hooks, 1) > 0 && Atomics.sub(hooks, 1, 1) === 1) process.exit(9);
  },
});
