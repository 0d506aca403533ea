// What a store holds, read at once and in one thread: for tests and tools. The app reads it in pieces, through the store's thread.
import { Assembly } from '../../electron/adapters/store/assembly.ts';
import type { SqliteStore } from '../../electron/adapters/store/sqlite-store.ts';
import type { LoadedRows } from '../../electron/core/kernel/ports.ts';

export function loadStore(store: SqliteStore): LoadedRows {
  const assembly = new Assembly();
  const reader = store.reader();
  for (let chunk = reader.next(); chunk; chunk = reader.next()) assembly.take(chunk);
  const { rows, bad } = assembly.finish();
  store.setAside(bad);
  return { ...rows, seq: store.readSeq() };
}
