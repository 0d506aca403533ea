// Snapshots on a schedule: soon after the start when the newest is old, then every few hours.
import type { Result } from '../../contract/errors.ts';
import { listSnapshots, makeSnapshot, type SnapshotFile } from './snapshots.ts';
import type { SqliteStore } from './sqlite-store.ts';

const everyMs = 6 * 3_600_000;
const lookEveryMs = 60_000;

export type ScheduleOptions = {
  readonly store: SqliteStore;
  readonly file: string;
  readonly nowMs: () => number;
  readonly done: (result: Result<SnapshotFile>) => void;
};

/** Returns how to end it. Looks once a minute, so that a sleeping computer makes up for what it missed. */
export function scheduleSnapshots(options: ScheduleOptions): () => void {
  let isBusy = false;
  const look = async (): Promise<void> => {
    const newest = listSnapshots(options.file)[0]?.madeAtMs ?? 0;
    if (isBusy || !options.store.isWritable || options.nowMs() - newest < everyMs) return;
    isBusy = true;
    options.done(await makeSnapshot(options.store.connection, options.file, options.nowMs()));
    isBusy = false;
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
