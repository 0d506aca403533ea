// Where the store's thread begins: bundled on its own, beside the main bundle. Imports nothing but its serving.
import { parentPort, workerData } from 'node:worker_threads';
import type { StorePlace } from './thread-messages.ts';
import { serveStore } from './thread-serve.ts';

if (!parentPort) throw new Error('this is the program of a thread');
serveStore({ port: parentPort, place: workerData as StorePlace });
