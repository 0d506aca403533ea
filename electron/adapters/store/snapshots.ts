// Snapshots: whole copies of the database in `snapshots/` beside it, the newest five. Made on a schedule with SQLite's
// backup API (a few pages at a time, so that the process is never held), and before a migration by VACUUM INTO.
import fs from 'node:fs';
import path from 'node:path';
import type { Result } from '../../contract/errors.ts';
import { ok, refuse } from '../../contract/errors.ts';
import { type Connection, connect, messageOf } from './connection.ts';
import { replaceFile, stampOf, syncFile, syncFolder } from './files.ts';

const keptSnapshots = 5;
const pagesAtOnce = 64;

export type SnapshotFile = { readonly file: string; readonly madeAtMs: number };

function snapshotFolder(file: string): string {
  return path.join(path.dirname(file), 'snapshots');
}

/** Newest first. Half-made ones end in `.part` and do not count. */
export function listSnapshots(file: string): SnapshotFile[] {
  const folder = snapshotFolder(file);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.db'))
    .map((name) => path.join(folder, name))
    .map((each) => ({ file: each, madeAtMs: Math.round(fs.statSync(each).mtimeMs) }))
    .sort((a, b) => b.madeAtMs - a.madeAtMs || (a.file < b.file ? 1 : -1));
}

function placeFor(file: string, nowMs: number): { readonly part: string; readonly target: string } {
  const folder = snapshotFolder(file);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const target = path.join(folder, `${path.basename(file, '.db')}-${stampOf(nowMs)}.db`);
  const part = `${target}.part`;
  fs.rmSync(part, { force: true });
  fs.closeSync(fs.openSync(part, 'w', 0o600));
  return { part, target };
}

function keep(file: string, place: { readonly part: string; readonly target: string }): void {
  syncFile(place.part);
  fs.renameSync(place.part, place.target);
  syncFolder(path.dirname(place.target));
  for (const old of listSnapshots(file).slice(keptSnapshots)) fs.rmSync(old.file, { force: true });
}

export async function makeSnapshot(
  db: Connection,
  file: string,
  nowMs: number,
): Promise<Result<SnapshotFile>> {
  try {
    const place = placeFor(file, nowMs);
    await db.backup(place.part, { progress: () => pagesAtOnce });
    keep(file, place);
    return ok({ file: place.target, madeAtMs: nowMs });
  } catch (error) {
    return refuse('internal', 'snapshot-failed', messageOf(error));
  }
}

/** Before a migration, when nothing else runs. Throws when the copy cannot be made: then there is no migration. */
export function copyBeforeMigration(db: Connection, file: string, nowMs: number): void {
  const place = placeFor(file, nowMs);
  // VACUUM INTO wants an empty or absent file.
  db.prepare<[string]>('VACUUM INTO ?').run(place.part);
  keep(file, place);
}

/** Puts the newest good snapshot in the place of a database that was moved away; null when none is good. */
export function restoreNewest(file: string, nativeBinding: string | undefined): SnapshotFile | null {
  for (const snapshot of listSnapshots(file)) {
    const bytes = fs.readFileSync(snapshot.file);
    const trial = `${file}.trial`;
    replaceFile(trial, bytes);
    const isSound = isGood(trial, nativeBinding);
    for (const part of ['', '-wal', '-shm']) fs.rmSync(trial + part, { force: true });
    if (!isSound) continue;
    replaceFile(file, bytes);
    return snapshot;
  }
  return null;
}

function isGood(file: string, nativeBinding: string | undefined): boolean {
  try {
    const db = connect({ file, nativeBinding });
    try {
      return quickCheck(db) === null;
    } finally {
      db.close();
    }
  } catch {
    // Whatever is wrong with it: not a good one, the next older is tried.
    return false;
  }
}

/** What `quick_check` complains about, or null. */
export function quickCheck(db: Connection): string | null {
  const answers = db.pragma('quick_check(5)') as readonly { readonly quick_check: string }[];
  const complaints = answers.map((row) => row.quick_check).filter((words) => words !== 'ok');
  return complaints.length > 0 ? complaints.join('; ') : null;
}

/** The same without the constraints of rows, where every row is parsed and checked anyway: they are three quarters of its time. */
export function quickCheckOfPages(db: Connection): string | null {
  db.pragma('ignore_check_constraints = ON');
  try {
    return quickCheck(db);
  } finally {
    db.pragma('ignore_check_constraints = OFF');
  }
}
