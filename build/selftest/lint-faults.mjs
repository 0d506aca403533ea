// Planted faults for the linter: each must be found, at its file, by its rule. Source stands here as text, so that
// no tool takes it for ours.

/** @typedef {{ file: string, rule: string, text: string }} Fault */

const manyLines = (/** @type {number} */ count) =>
  Array.from({ length: count }, (_, index) => `  total += ${index};`).join('\n');

/** @type {Fault[]} */
export const lintFaults = [
  // What the core may not know.
  {
    file: 'electron/core/master/date.ts',
    rule: 'eslint(no-restricted-globals)',
    text: 'export const nowMs = (): number => Date.now();',
  },
  {
    file: 'electron/core/master/random.ts',
    rule: 'eslint(no-restricted-properties)',
    text: 'export const roll = (): number => Math.random();',
  },
  {
    file: 'electron/core/master/timer.ts',
    rule: 'eslint(no-restricted-globals)',
    text: 'export const later = (done: () => void): unknown => setTimeout(done, 5);',
  },
  {
    file: 'electron/core/master/process.ts',
    rule: 'eslint(no-restricted-globals)',
    text: 'export const who = (): unknown => process.pid;',
  },
  {
    file: 'electron/core/master/node.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "import { readFileSync } from 'node:fs';\nexport const read = (): string => readFileSync('x', 'utf8');",
  },
  {
    file: 'electron/core/master/adapter.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { openStore } from '../../adapters/store/open.ts';",
  },
  {
    file: 'electron/core/master/package.ts',
    rule: 'house(only-imports)',
    text: "import { z } from 'zod';\nexport const schema = z.string();",
  },
  // What the contract may not know.
  {
    file: 'electron/contract/package.ts',
    rule: 'house(only-imports)',
    text: "export { create } from 'zustand';",
  },
  {
    file: 'electron/contract/upward.ts',
    rule: 'house(only-imports)',
    text: "export { shapeOf } from '../core/kernel/shape.ts';",
  },
  // Adapters.
  {
    file: 'electron/adapters/ssh/sibling.ts',
    rule: 'house(no-sibling-adapter)',
    text: "export { openStore } from '../store/open.ts';",
  },
  {
    file: 'electron/adapters/ssh/shell.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { start } from '../../shell/main.ts';",
  },
  {
    file: 'electron/adapters/ssh/electron.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "import { app } from 'electron';\nexport const name = (): string => app.getName();",
  },
  {
    file: 'electron/adapters/ssh/command.ts',
    rule: 'house(literal-remote-command)',
    text: 'type Client = { exec(command: string): void };\nexport const list = (client: Client, folder: string): void => client.exec(`ls ${folder}`);',
  },
  {
    file: 'electron/adapters/ssh/command-variable.ts',
    rule: 'house(literal-remote-command)',
    text: 'type Client = { exec(command: string): void };\nexport const send = (client: Client, command: string): void => client.exec(command);',
  },
  {
    file: 'electron/adapters/store/sql-template.ts',
    rule: 'house(literal-sql)',
    text: 'type Db = { prepare(sql: string): unknown };\nexport const find = (db: Db, id: string): unknown => db.prepare(`select * from t where id = ${id}`);',
  },
  {
    file: 'electron/adapters/store/sql-plus.ts',
    rule: 'house(literal-sql)',
    text: "type Db = { exec(sql: string): unknown };\nexport const drop = (db: Db, name: string): unknown => db.exec('drop table ' + name);",
  },
  // The window.
  {
    file: 'renderer/pages/electron.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { ipcRenderer } from 'electron';",
  },
  {
    file: 'renderer/pages/adapter.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { openStore } from '../../electron/adapters/store/open.ts';",
  },
  {
    file: 'renderer/pages/core.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { shapeOf } from '../../electron/core/kernel/shape.ts';",
  },
  {
    file: 'renderer/pages/node.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { readFileSync } from 'node:fs';",
  },
  {
    file: 'renderer/pages/danger.tsx',
    rule: 'react(no-danger)',
    text: 'export const Log = (props: { html: string }) => <p dangerouslySetInnerHTML={{ __html: props.html }} />;',
  },
  {
    file: 'renderer/pages/inner.ts',
    rule: 'eslint(no-restricted-properties)',
    text: 'export function show(place: HTMLElement, text: string): void {\n  place.innerHTML = text;\n}',
  },
  {
    file: 'renderer/pages/image.tsx',
    rule: 'jsx-a11y(alt-text)',
    text: 'export const Picture = () => <img src="rack.png" />;',
  },
  // Everywhere.
  {
    file: 'electron/headless.ts',
    rule: 'eslint(no-restricted-imports)',
    text: "export { app } from 'electron';",
  },
  {
    file: 'electron/shell/default.ts',
    rule: 'import(no-default-export)',
    text: 'export default 1;',
  },
  {
    file: 'electron/shell/floating.ts',
    rule: 'typescript(no-floating-promises)',
    text: 'export function start(work: () => Promise<void>): void {\n  work();\n}',
  },
  {
    file: 'electron/shell/misused.ts',
    rule: 'typescript(no-misused-promises)',
    text: 'export const each = (all: string[], work: (one: string) => Promise<void>): void => all.forEach(async (one) => work(one));',
  },
  {
    file: 'electron/shell/switch.ts',
    rule: 'typescript(switch-exhaustiveness-check)',
    text: "export function say(state: 'up' | 'down' | 'gone'): void {\n  switch (state) {\n    case 'up':\n      say('down');\n      break;\n    case 'down':\n      say('up');\n      break;\n  }\n}",
  },
  {
    file: 'electron/shell/any.ts',
    rule: 'typescript(no-explicit-any)',
    text: 'export const take = (value: any): unknown => value;',
  },
  {
    file: 'electron/shell/suppressed.ts',
    rule: 'typescript(ban-ts-comment)',
    text: "// @ts-ignore\nexport const three: number = 'three';",
  },
  {
    file: 'electron/shell/bare-disable.ts',
    rule: 'house(reasoned-disable)',
    text: '// oxlint-disable-next-line eslint/no-eval\nexport const run = (text: string): unknown => eval(text);',
  },
  {
    file: 'electron/shell/cycle-a.ts',
    rule: 'import(no-cycle)',
    text: "import { two } from './cycle-b.ts';\nexport const one = (): number => two() + 1;",
  },
  {
    file: 'electron/shell/cycle-b.ts',
    rule: 'import(no-cycle)',
    text: "import { one } from './cycle-a.ts';\nexport const two = (): number => one() + 1;",
  },
  {
    file: 'electron/shell/long-file.ts',
    rule: 'eslint(max-lines)',
    text: `${'export {};\n'.repeat(1)}${'// a line\n'.repeat(401)}`,
  },
  {
    file: 'electron/shell/long-function.ts',
    rule: 'eslint(max-lines-per-function)',
    text: `export function sum(): number {\n  let total = 0;\n${manyLines(71)}\n  return total;\n}`,
  },
  {
    file: 'electron/shell/parameters.ts',
    rule: 'eslint(max-params)',
    text: 'export const add = (a: number, b: number, c: number, d: number, e: number): number => a + b + c + d + e;',
  },
  {
    file: 'electron/shell/complexity.ts',
    rule: 'eslint(complexity)',
    text: `export function pick(n: number): number {\n${Array.from({ length: 16 }, (_, index) => `  if (n === ${index}) return ${index * 2};`).join('\n')}\n  return 0;\n}`,
  },
  {
    file: 'test/unit/core/mock.test.ts',
    rule: 'vitest(no-restricted-vi-methods)',
    text: "import { expect, test, vi } from 'vitest';\nvi.mock('zod');\ntest('nothing is real', () => expect(1).toBe(1));",
  },
  {
    file: 'test/unit/core/skipped.test.ts',
    rule: 'vitest(no-disabled-tests)',
    text: "import { expect, test } from 'vitest';\ntest.skip('later', () => expect(1).toBe(1));",
  },
  {
    file: 'test/unit/core/only.test.ts',
    rule: 'vitest(no-focused-tests)',
    text: "import { expect, test } from 'vitest';\ntest.only('mine', () => expect(1).toBe(1));",
  },
];
