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
};

const mostBlock = 200;
/** Most of what a run makes is dead right after it: room for it without moving it about. */
const youngMib = 64;

/** One at a time is run. Warm after some hundred runs: until then one takes several times as long. */
export class Thread {
  readonly #worker: Worker;

  constructor(file: string) {
    this.#worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: youngMib } });
  }

  run(block: Block): Promise<Tally> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (tally: Tally) => {
        worker.off('error', reject);
        resolve(tally);
      });
      worker.postMessage(block, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

export async function runMany({ file, from, runs, threads }: Many): Promise<Tally> {
  const tally = emptyTally();
  const size = Math.max(1, Math.min(mostBlock, Math.ceil(runs / threads / 4)));
  let next = from;
  const work = async (): Promise<void> => {
    const thread = new Thread(file);
    while (next < from + runs) {
      const block = {
        from: next,
        runs: Math.min(size, from + runs - next),
        isToStopAtFirst: false,
        bug: null,
      };
      next += block.runs;
      merge(tally, await thread.run(block));
    }
    await thread.end();
  };
  await Promise.all(Array.from({ length: threads }, work));
  return tally;
}
