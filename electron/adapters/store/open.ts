// Opens the store, whatever state its file is in: new, good, older, newer, locked, read-only, corrupt, missing.
// Never starts empty in silence: what was met is either a problem (value) or a notice that is shown as a fault.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type MasterId, masterIdSchema } from '../../contract/ids.ts';
import type { FaultRecord } from '../../contract/operation.ts';
import { ailmentOf, applicationId, type Connection, connect, markAsOurs, messageOf } from './connection.ts';
import { copyParts, makePrivate, moveAside, putBack, replaceFile, sizeOf } from './files.ts';
import { readMeta, readNumber, writeMeta } from './meta.ts';
import { migrate, migrations, newestVersion, versionOf } from './migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { copyBeforeMigration, listSnapshots, quickCheck, restoreNewest } from './snapshots.ts';
import { SqliteStore } from './sqlite-store.ts';

export type OpenOptions = {
  readonly file: string;
  readonly nativeBinding?: string | undefined;
  readonly nowMs: () => number;
  /** Used once in the life of the data folder. */
  readonly newMasterId: () => MasterId;
  readonly trace?: ((sql: unknown) => void) | undefined;
  readonly migrations?: readonly Migration[];
};

export type StoreProblem = {
  readonly kind: 'locked' | 'newer' | 'corrupt' | 'failed';
  readonly file: string;
  readonly detail: string;
  /** When the newest snapshot was made, if there is one. */
  readonly snapshotAtMs: number | null;
};

export type Notice = Omit<FaultRecord, 'sinceMs'>;

export type OpenedStore = {
  readonly store: SqliteStore;
  readonly masterId: MasterId;
  /** Grows at every start, also after an older snapshot was restored: agents refuse a lower one. */
  readonly epoch: number;
  /** To be posted as `fault-raised`. */
  readonly notices: readonly Notice[];
};

export type OpenResult =
  | { readonly kind: 'opened'; readonly opened: OpenedStore }
  | { readonly kind: 'problem'; readonly problem: StoreProblem };

class Problem extends Error {
  readonly kind: StoreProblem['kind'];
  constructor(kind: StoreProblem['kind'], detail: string) {
    super(detail);
    this.kind = kind;
  }
}

export function openStore(options: OpenOptions): OpenResult {
  return attempt(options, () => open(options));
}

/**
 * The quick way in: a connection to a file of which nothing was checked and in which nothing was changed, to read it at once.
 * null: something has to be done about it first, which is what `openStore` is for; it also says what is wrong.
 */
export function openUnchecked(options: OpenOptions): Connection | null {
  if ((sizeOf(options.file) ?? 0) === 0) return null;
  let db: Connection | null = null;
  try {
    db = connectTo(options);
    const isReady = versionOf(db) === newestVersion(options.migrations ?? migrations);
    if (isReady && applicationOf(db) === applicationId) return db;
  } catch {
    // `openStore` meets it again.
  }
  db?.close();
  return null;
}

/** Of a connection that is sound, with all that was read from it. */
export function adoptStore(options: OpenOptions, db: Connection): OpenResult {
  return attempt(options, () => finishOrCopy(options, db, []));
}

function attempt(options: OpenOptions, opening: () => OpenedStore): OpenResult {
  try {
    return { kind: 'opened', opened: opening() };
  } catch (error) {
    const kind = error instanceof Problem ? error.kind : problemKindOf(error);
    return { kind: 'problem', problem: problemWith(options, kind, messageOf(error)) };
  }
}

export function problemWith(options: OpenOptions, kind: StoreProblem['kind'], detail: string): StoreProblem {
  return { kind, file: options.file, detail, snapshotAtMs: newestSnapshotMs(options.file) };
}

function problemKindOf(error: unknown): StoreProblem['kind'] {
  const ailment = ailmentOf(error);
  return ailment === 'read-only' ? 'failed' : ailment;
}

function newestSnapshotMs(file: string): number | null {
  try {
    return listSnapshots(file)[0]?.madeAtMs ?? null;
  } catch {
    // The folder cannot be read either; the first problem is the one to show.
    return null;
  }
}

function open(options: OpenOptions): OpenedStore {
  const notices: Notice[] = [];
  if (isMissing(options.file)) restore(options, notices, 'the database was missing');
  const first = tryOpen(options);
  if (first.kind === 'ready') return finishOrCopy(options, first.db, notices);
  if (first.kind === 'read-only') return openCopy(options, first.why, notices);
  if (listSnapshots(options.file).length === 0) throw new Problem('corrupt', first.why);
  const kept = moveAside(options.file, 'corrupt', options.nowMs());
  if (!restore(options, notices, `the database was corrupt and is kept as ${path.basename(kept)}`)) {
    putBack(kept, options.file);
    throw new Problem('corrupt', `${first.why}; no snapshot is good either`);
  }
  const second = tryOpen(options);
  if (second.kind === 'ready') return finish(options, second.db, notices);
  throw new Problem(second.kind === 'corrupt' ? 'corrupt' : 'failed', second.why);
}

/** Not there although it has been: snapshots of it exist. An empty file is what a crash may leave of a copy. */
function isMissing(file: string): boolean {
  return (sizeOf(file) ?? 0) === 0 && listSnapshots(file).length > 0;
}

function restore(options: OpenOptions, notices: Notice[], what: string): boolean {
  const snapshot = restoreNewest(options.file, options.nativeBinding);
  if (!snapshot) return false;
  const made = new Date(snapshot.madeAtMs).toISOString();
  notices.push({
    id: 'store-restored',
    kind: 'store-restored',
    detail: `${what}; restored the snapshot of ${made}`,
  });
  return true;
}

type Tried =
  | { readonly kind: 'ready'; readonly db: Connection }
  | { readonly kind: 'corrupt' | 'read-only'; readonly why: string };

/** Locked and newer are thrown as problems: nothing here may change the file then. */
function tryOpen(options: OpenOptions): Tried {
  let db: Connection | null = null;
  try {
    db = connectTo(options);
    const complaint = quickCheck(db);
    if (complaint === null) {
      prepare(options, db);
      return { kind: 'ready', db };
    }
    db.close();
    return { kind: 'corrupt', why: complaint };
  } catch (error) {
    db?.close();
    if (error instanceof Problem) throw error;
    const ailment = ailmentOf(error);
    if (ailment === 'corrupt' || ailment === 'read-only') return { kind: ailment, why: messageOf(error) };
    throw error;
  }
}

function connectTo({ file, nativeBinding, trace }: OpenOptions): Connection {
  makePrivate(file);
  return connect({ file, nativeBinding, trace, busyMs: 500 });
}

function applicationOf(db: Connection): number {
  return Number(db.pragma('application_id', { simple: true }));
}

function prepare(options: OpenOptions, db: Connection): void {
  const list = options.migrations ?? migrations;
  const version = versionOf(db);
  const id = applicationOf(db);
  if (id !== 0 && id !== applicationId)
    throw new Problem('failed', `the file belongs to another program (${id})`);
  if (version > newestVersion(list)) {
    throw new Problem('newer', `version ${version} of the format; this program knows ${newestVersion(list)}`);
  }
  if (version > 0 && version < newestVersion(list)) copyBeforeMigration(db, options.file, options.nowMs());
  migrate(db, list);
  if (id === 0) markAsOurs(db);
}

/** A full disk shows only at the first write, which is our own epoch. */
function finishOrCopy(options: OpenOptions, db: Connection, notices: Notice[]): OpenedStore {
  try {
    return finish(options, db, notices);
  } catch (error) {
    if (ailmentOf(error) !== 'read-only') throw error;
    return openCopy(options, messageOf(error), notices);
  }
}

function finish(options: OpenOptions, db: Connection, notices: Notice[]): OpenedStore {
  try {
    const masterId = identify(options, db);
    const epoch = nextEpoch(options, db);
    writeMeta(db, 'epoch', String(epoch));
    const store = new SqliteStore({ db, reopen: () => reopen(options), isCopy: false, nowMs: options.nowMs });
    return { store, masterId, epoch, notices };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** After the thread that had it died: the file as it is, nothing restored and no new epoch. Throws when it cannot be. */
export function reopenStore(options: OpenOptions): SqliteStore {
  return new SqliteStore({
    db: reopen(options),
    reopen: () => reopen(options),
    isCopy: false,
    nowMs: options.nowMs,
  });
}

function reopen(options: OpenOptions): Connection {
  const tried = tryOpen(options);
  if (tried.kind === 'ready') return tried.db;
  throw new Error(tried.why);
}

/** The wall clock lifts it over any epoch that a lost database has used. */
function nextEpoch(options: OpenOptions, db: Connection): number {
  return Math.max(readNumber(db, 'epoch') + 1, Math.floor(options.nowMs() / 1000));
}

const idFileName = 'master-id';

/** Also in a file of its own: agents give their lease to this id, so it must outlive the database. */
function identify(options: OpenOptions, db: Connection): MasterId {
  const file = path.join(path.dirname(options.file), idFileName);
  const known = readIdFile(file) ?? masterIdSchema.safeParse(readMeta(db, 'master_id')).data;
  const masterId = known ?? options.newMasterId();
  if (readIdFile(file) !== masterId) replaceFile(file, `${masterId}\n`);
  if (readMeta(db, 'master_id') !== masterId) writeMeta(db, 'master_id', masterId);
  return masterId;
}

function readIdFile(file: string): MasterId | undefined {
  if (!fs.existsSync(file)) return undefined;
  return masterIdSchema.safeParse(fs.readFileSync(file, 'utf8').trim()).data;
}

/** The file can be read but not written: work on a copy in memory of what it holds, and try the real one later. */
function openCopy(options: OpenOptions, why: string, notices: Notice[]): OpenedStore {
  if ((sizeOf(options.file) ?? 0) === 0) throw new Problem('failed', why);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mesolite-'));
  try {
    const copy = path.join(folder, 'copy.db');
    copyParts(options.file, copy);
    const onDisk = connect({ file: copy, nativeBinding: options.nativeBinding });
    const db = toMemory(onDisk, options.nativeBinding);
    const list = options.migrations ?? migrations;
    if (versionOf(db) > newestVersion(list))
      throw new Problem('newer', `version ${versionOf(db)} of the format`);
    if (versionOf(db) < newestVersion(list)) throw new Problem('failed', why);
    const idFile = readIdFile(path.join(path.dirname(options.file), idFileName));
    const masterId = idFile ?? masterIdSchema.parse(readMeta(db, 'master_id'));
    const store = new SqliteStore({ db, reopen: () => reopen(options), isCopy: true, nowMs: options.nowMs });
    notices.push({ id: 'store-read-only', kind: 'store-read-only', detail: why });
    return { store, masterId, epoch: nextEpoch(options, db), notices };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function toMemory(db: Connection, nativeBinding: string | undefined): Connection {
  try {
    // Without the write-ahead log: a database in memory cannot have one.
    db.pragma('locking_mode = NORMAL');
    db.pragma('journal_mode = DELETE');
    const bytes = db.serialize();
    const Database = db.constructor as new (source: Buffer, options: object) => Connection;
    return new Database(bytes, nativeBinding === undefined ? {} : { nativeBinding });
  } finally {
    db.close();
  }
}
