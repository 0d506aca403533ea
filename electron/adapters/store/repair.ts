// What a person chooses on the page about data that cannot be opened. Both keep every byte of what was there.
import { connect } from './connection.ts';
import { makePrivate, moveAside, putBack } from './files.ts';
import { migrate } from './migrate.ts';
import { restoreNewest } from './snapshots.ts';

type RepairOptions = {
  readonly file: string;
  readonly nativeBinding?: string | undefined;
  readonly nowMs: () => number;
};

/** Keeps the file under another name and puts an empty database in its place; the new name. */
export function setStoreAside(options: RepairOptions): string {
  const kept = moveAside(options.file, 'aside', options.nowMs());
  makePrivate(options.file);
  const db = connect({ file: options.file, nativeBinding: options.nativeBinding });
  try {
    migrate(db);
  } finally {
    db.close();
  }
  return kept;
}

/** Keeps the file under another name and takes the newest good snapshot; false when there is none, then nothing changed. */
export function restoreSnapshot(options: RepairOptions): boolean {
  const kept = moveAside(options.file, 'aside', options.nowMs());
  if (restoreNewest(options.file, options.nativeBinding)) return true;
  putBack(kept, options.file);
  return false;
}
