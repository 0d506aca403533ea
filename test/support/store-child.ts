// A process that commits without end and says the seq of each commit on stdout once it is durable. The crash tests kill it.

import { writeSync } from 'node:fs';
import { openStore } from '../../electron/adapters/store/open.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import { aMachine } from './builders.ts';
import { loadStore } from './load-store.ts';
import { anEvent, aTaskRecord } from './store-records.ts';

/** Waits while the parent, which may be slow, has not read: a pipe that is full refuses (EAGAIN). */
function say(line: string): void {
  for (let left = line; left !== ''; ) {
    try {
      left = left.slice(writeSync(1, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const [file = ''] = process.argv.slice(2);

const result = openStore({
  file,
  nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
  nowMs: () => Date.now(),
  newMasterId: () => 'master-one' as MasterId,
});
if (result.kind === 'problem') throw new Error(result.problem.detail);
const { store } = result.opened;
let { seq } = loadStore(store);
say(`open ${seq}\n`);
for (;;) {
  seq += 1;
  const machine = { ...aMachine('one'), note: `note ${seq}` };
  const task = aTaskRecord(`job-${seq}`);
  store.commit([anEvent(seq)], {
    machines: { put: [machine], drop: [] },
    tasks: { put: [task], drop: seq > 20 ? [`t-job-${seq - 20}`] : [] },
  });
  say(`${seq}\n`);
}
