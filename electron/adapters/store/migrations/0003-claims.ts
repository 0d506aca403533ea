// Room that is being made: before, a restart forgot for whom.
import type { Migration } from './migration.ts';

export const claimTable: Migration = {
  version: 3,
  statements: [
    `CREATE TABLE claims (
      id TEXT PRIMARY KEY,
      machine_id TEXT NOT NULL REFERENCES machines (id) DEFERRABLE INITIALLY DEFERRED,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    'CREATE INDEX claims_of_machine ON claims (machine_id)',
    'PRAGMA user_version = 3',
  ],
};
