// Files of the store: private, and only ever moved aside.
import fs from 'node:fs';
import path from 'node:path';

/** The file exists and nobody else can read it. SQLite gives its -wal the same mode. */
export function makePrivate(file: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  fs.closeSync(fs.openSync(file, 'a', 0o600));
  if ((fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600);
}

export function syncFile(file: string): void {
  const handle = fs.openSync(file, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/** A rename is durable only when its folder is. Windows cannot open a folder and needs no such call. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') syncFile(folder);
}

/** Write, sync, rename, sync: the file has the old content or the new one, whatever happens. */
export function replaceFile(file: string, content: string | Uint8Array): void {
  const temp = `${file}.new`;
  const handle = fs.openSync(temp, 'w', 0o600);
  try {
    fs.writeFileSync(handle, content);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(temp, file);
  syncFolder(path.dirname(file));
}

export function sizeOf(file: string): number | null {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? null;
}

const parts = ['', '-wal', '-shm', '-journal'] as const;

/** Moves a database with its companions to `<file>.<label>-<date>`; the new name. */
export function moveAside(file: string, label: string, nowMs: number): string {
  const stem = `${file}.${label}-${stampOf(nowMs)}`;
  let target = stem;
  for (let n = 2; fs.existsSync(target); n += 1) target = `${stem}-${n}`;
  for (const part of parts) if (fs.existsSync(file + part)) fs.renameSync(file + part, target + part);
  syncFolder(path.dirname(file));
  return target;
}

export function putBack(kept: string, file: string): void {
  for (const part of parts) if (fs.existsSync(kept + part)) fs.renameSync(kept + part, file + part);
  syncFolder(path.dirname(file));
}

/** Sortable, and fit for a file name on every system. */
export function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]/g, '').replace('.', '-');
}

/** Copies a database with its log, for reading where the original cannot be opened. */
export function copyParts(file: string, target: string): void {
  for (const part of ['', '-wal'] as const) {
    if (fs.existsSync(file + part)) fs.copyFileSync(file + part, target + part);
  }
}
