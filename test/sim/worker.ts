// One thread of the simulation: takes blocks of seeds and answers with their tally. Bundled with everything it runs.
import { parentPort } from 'node:worker_threads';
import { forgetCamps } from './camps.ts';
import { runOnce } from './run.ts';
import { count, emptyTally, type Tally } from './tally.ts';

export type Block = {
  readonly from: number;
  readonly runs: number;
  readonly isToStopAtFirst: boolean;
  /** The planted bug that is on, where all are in the bundle; null: none. */
  readonly bug: string | null;
};

declare global {
  /** Read by what `planting.ts` puts in. */
  var plantedBug: string | null | undefined;
}

async function runBlock({ from, runs, isToStopAtFirst, bug }: Block): Promise<Tally> {
  // Camps are made by the code under test.
  if ((globalThis.plantedBug ?? null) !== bug) forgetCamps();
  globalThis.plantedBug = bug;
  const tally = emptyTally();
  for (let seed = from; seed < from + runs; seed += 1) {
    count(tally, await runOnce({ seed }));
    if (isToStopAtFirst && tally.failures.length > 0) break;
  }
  return tally;
}

const port = parentPort;
port?.on('message', (block: Block) => {
  void runBlock(block).then((tally) => port.postMessage(tally));
});
