// Single values beside the tables: last seq, the master's identity and its epoch.
import type { Connection } from './connection.ts';

export type MetaKey = 'seq' | 'master_id' | 'epoch';

export function readMeta(db: Connection, key: MetaKey): string | null {
  const row = db.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?').get(key);
  return row?.value ?? null;
}

export const writeMetaSql =
  'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';

export function writeMeta(db: Connection, key: MetaKey, value: string): void {
  db.prepare<[string, string]>(writeMetaSql).run(key, value);
}

export function readNumber(db: Connection, key: MetaKey): number {
  const value = Number(readMeta(db, key) ?? '0');
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
