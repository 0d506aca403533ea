// Run where the store's folder cannot be written: opens, reads, fails to commit, makes the folder writable, commits. Tells all as JSON.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { openStore } from '../../electron/adapters/store/open.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import { aMachine } from './builders.ts';
import { loadStore } from './load-store.ts';

const [file = ''] = process.argv.slice(2);
const folder = path.dirname(file);
const change = { machines: { put: [{ ...aMachine('one'), note: 'written again' }], drop: [] } };

const result = openStore({
  file,
  nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
  nowMs: () => Date.now(),
  newMasterId: () => 'master-one' as MasterId,
});
if (result.kind === 'problem') throw new Error(`${result.problem.kind}: ${result.problem.detail}`);
const { store, notices } = result.opened;

function canCommit(): boolean {
  try {
    store.commit([], change);
    return true;
  } catch {
    // Which of the refusals it was is the business of the unit tests.
    return false;
  }
}

const machines = loadStore(store).machines.length;
const refused = !canCommit();
if (process.getuid?.() === 0) spawnSync('mount', ['-o', 'remount,rw,bind', folder], { stdio: 'inherit' });
else fs.chmodSync(folder, 0o700);
const resumed = canCommit();
const note = loadStore(store).machines[0]?.note;
store.close();
process.stdout.write(
  JSON.stringify({ notices: notices.map((each) => each.kind), machines, refused, resumed, note }),
);
