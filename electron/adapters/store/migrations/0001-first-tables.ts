// The first tables. A row is its record as JSON, beside the columns that SQLite itself must know.
import type { Migration } from './migration.ts';

export const firstTables: Migration = {
  version: 1,
  statements: [
    `CREATE TABLE meta (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT`,
    `CREATE TABLE machines (
      id TEXT PRIMARY KEY,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    `CREATE TABLE agents (
      id TEXT PRIMARY KEY,
      machine_id TEXT NOT NULL REFERENCES machines (id) DEFERRABLE INITIALLY DEFERRED,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    'CREATE INDEX agents_of_machine ON agents (machine_id)',
    `CREATE TABLE tasks (
      id TEXT PRIMARY KEY,
      machine_id TEXT NOT NULL REFERENCES machines (id) DEFERRABLE INITIALLY DEFERRED,
      state TEXT NOT NULL,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    'CREATE INDEX tasks_of_machine ON tasks (machine_id)',
    `CREATE TABLE settings (
      id TEXT PRIMARY KEY,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    `CREATE TABLE journal (
      seq INTEGER PRIMARY KEY,
      at_ms INTEGER NOT NULL,
      kind TEXT NOT NULL,
      json TEXT NOT NULL
    ) STRICT`,
    `CREATE TABLE quarantine (
      id INTEGER PRIMARY KEY,
      table_name TEXT NOT NULL,
      row_id TEXT NOT NULL,
      json TEXT NOT NULL,
      why TEXT NOT NULL,
      at_ms INTEGER NOT NULL
    ) STRICT`,
    'PRAGMA user_version = 1',
  ],
};
