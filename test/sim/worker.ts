// One thread of the simulation: takes blocks of seeds and answers with their tally. Bundled with everything it runs.
import { parentPort } from 'node:worker_threads';
import { runOnce } from './run.ts';
import { count, emptyTally, type Tally } from './tally.ts';

export type Block = { readonly from: number; readonly runs: number; readonly isToStopAtFirst: boolean };

async function runBlock({ from, runs, isToStopAtFirst }: Block): Promise<Tally> {
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
