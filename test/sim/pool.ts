// Runs many seeds on several threads. Each thread asks for the next block when it is through with its own; which thread had
// which block changes nothing in the sum.
import { Worker } from 'node:worker_threads';
import { emptyTally, merge, type Tally } from './tally.ts';
import type { Block } from './worker.ts';

export type Many = {
  /** The bundle that the threads run. */
  readonly file: string;
  readonly from: number;
  readonly runs: number;
  readonly threads: number;
  /** Enough is known after the first violation. */
  readonly isToStopAtFirst?: boolean;
};

const mostBlock = 200;
/** Most of what a run makes is dead right after it: room for it without moving it about. */
const youngMib = 64;

export async function runMany(many: Many): Promise<Tally> {
  const tally = emptyTally();
  const { from, runs, threads, isToStopAtFirst = false } = many;
  const size = Math.max(1, Math.min(mostBlock, Math.ceil(runs / threads / 4)));
  let next = from;
  const take = (): Block | null => {
    if (next >= from + runs || (isToStopAtFirst && tally.failures.length > 0)) return null;
    const block = { from: next, runs: Math.min(size, from + runs - next), isToStopAtFirst };
    next += block.runs;
    return block;
  };
  await Promise.all(Array.from({ length: threads }, () => runThread(many.file, take, tally)));
  return tally;
}

function runThread(file: string, take: () => Block | null, tally: Tally): Promise<void> {
  const worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: youngMib } });
  return new Promise((resolve, reject) => {
    const goOn = (): void => {
      const block = take();
      if (block) worker.postMessage(block, []);
      else void worker.terminate().then(() => resolve());
    };
    worker.on('message', (done: Tally) => {
      merge(tally, done);
      goOn();
    });
    worker.on('error', reject);
    goOn();
  });
}
