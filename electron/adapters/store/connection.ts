// One connection with everything set and asserted that our promises rest on.
import Database from 'better-sqlite3';

export type Connection = Database.Database;

export type ConnectOptions = {
  readonly file: string;
  /** Path of a binding built for this runtime; undefined takes the one in the package. */
  readonly nativeBinding?: string | undefined;
  /** Called with each statement before it runs: crash tests end the process here. */
  readonly trace?: ((sql: unknown) => void) | undefined;
  readonly busyMs?: number;
};

/** Marks a file as ours ("Meso"). 0 is a file that nobody has marked yet. */
export const applicationId = 0x4d65736f;

export function markAsOurs(db: Connection): void {
  db.pragma('application_id = 0x4d65736f');
}

/** Throws what SQLite says. The caller closes the connection when a later step fails. */
export function connect(options: ConnectOptions): Connection {
  const db = new Database(options.file, {
    timeout: options.busyMs ?? 0,
    ...(options.nativeBinding === undefined ? {} : { nativeBinding: options.nativeBinding }),
    ...(options.trace === undefined ? {} : { verbose: options.trace }),
  });
  try {
    configure(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function configure(db: Connection): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('journal_mode = WAL');
  // Of the connection, not of the file: a second open of a WAL file starts at NORMAL in this build.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // Values that were deleted must not be found in the file: task environments may hold secrets.
  db.pragma('secure_delete = ON');
  db.pragma('journal_size_limit = 16777216');
  expectPragma(db, 'journal_mode', 'wal');
  expectPragma(db, 'synchronous', 2);
  expectPragma(db, 'foreign_keys', 1);
  expectPragma(db, 'trusted_schema', 0);
}

function expectPragma(db: Connection, name: string, expected: string | number): void {
  const actual: unknown = db.pragma(name, { simple: true });
  if (actual !== expected) throw new Error(`pragma ${name} is ${String(actual)}, not ${expected}`);
}

/** SQLite's own words for what failed, e.g. `SQLITE_FULL`; '' for anything else. */
function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

export function messageOf(error: unknown): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return code ? `${code}: ${message}` : message;
}

export type Ailment = 'locked' | 'read-only' | 'corrupt' | 'failed';

export function ailmentOf(error: unknown): Ailment {
  const code = codeOf(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'locked';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'corrupt';
  const refused = [
    'SQLITE_READONLY',
    'SQLITE_CANTOPEN',
    'SQLITE_PERM',
    'SQLITE_FULL',
    'EACCES',
    'EROFS',
    'EPERM',
    'ENOSPC',
  ];
  return refused.some((start) => code.startsWith(start)) ? 'read-only' : 'failed';
}
