// A folder of its own for each store under test, removed afterwards, and the options to open it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import {
  type OpenedStore,
  type OpenOptions,
  openStore,
  type StoreProblem,
} from '../../electron/adapters/store/open.ts';
import type { MasterId } from '../../electron/contract/ids.ts';

const folders: string[] = [];
const opened: OpenedStore[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.store.close();
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

export function newPlace(patch: Partial<OpenOptions> = {}): OpenOptions {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-store-'));
  folders.push(folder);
  return {
    file: path.join(folder, 'data', 'mesolite.db'),
    nativeBinding: process.env['MESOLITE_SQLITE_BINDING'],
    nowMs: () => Date.now(),
    newMasterId: () => 'master-one' as MasterId,
    ...patch,
  };
}

/** Opens or fails the test with what was in the way. */
export function mustOpen(options: OpenOptions): OpenedStore {
  const result = openStore(options);
  if (result.kind === 'problem') throw new Error(`${result.problem.kind}: ${result.problem.detail}`);
  opened.push(result.opened);
  return result.opened;
}

export function problemOf(options: OpenOptions): StoreProblem {
  const result = openStore(options);
  if (result.kind === 'problem') return result.problem;
  result.opened.store.close();
  throw new Error('it opened');
}
