// Frameworks, what is set for roles, what is reserved on machines, and what the run framework still has to place.
import type { Migration } from './migration.ts';

export const frameworkTables: Migration = {
  version: 2,
  statements: [
    `CREATE TABLE frameworks (
      id TEXT PRIMARY KEY,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    `CREATE TABLE roles (
      id TEXT PRIMARY KEY,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    `CREATE TABLE reservations (
      id TEXT PRIMARY KEY,
      machine_id TEXT NOT NULL REFERENCES machines (id) DEFERRABLE INITIALLY DEFERRED,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    'CREATE INDEX reservations_of_machine ON reservations (machine_id)',
    `CREATE TABLE runs (
      id TEXT PRIMARY KEY,
      machine_id TEXT REFERENCES machines (id) DEFERRABLE INITIALLY DEFERRED,
      json TEXT NOT NULL CHECK (json_valid(json))
    ) STRICT`,
    'CREATE INDEX runs_of_machine ON runs (machine_id)',
    'PRAGMA user_version = 2',
  ],
};
