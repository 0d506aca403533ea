// Numbered migrations. Each runs in one transaction with its `user_version`, so a crash at any statement leaves either
// the version before or the version after. Released migrations are never edited.
import type { Connection } from './connection.ts';
import { firstTables } from './migrations/0001-first-tables.ts';
import { frameworkTables } from './migrations/0002-frameworks.ts';
import { claimTable } from './migrations/0003-claims.ts';
import type { Migration } from './migrations/migration.ts';

export const migrations: readonly Migration[] = [firstTables, frameworkTables, claimTable];

export function newestVersion(list: readonly Migration[] = migrations): number {
  return list.at(-1)?.version ?? 0;
}

export function versionOf(db: Connection): number {
  return Number(db.pragma('user_version', { simple: true }));
}

export function migrate(db: Connection, list: readonly Migration[] = migrations): void {
  for (const { version, statements } of list) {
    if (version <= versionOf(db)) continue;
    db.transaction(() => {
      for (const statement of statements) db.exec(statement);
      if (versionOf(db) !== version) throw new Error(`migration ${version} did not set its version`);
    }).exclusive();
  }
}
