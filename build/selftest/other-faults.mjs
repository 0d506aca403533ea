// Planted faults for the compiler, the layers, dead code, format and secrets; and the innocent files that every tool
// must leave alone.

/** @typedef {import('./lint-faults.mjs').Fault} Fault */

/** A small house without a fault. @type {Record<string, string>} */
export const innocent = {
  'electron/contract/shape.ts':
    "import { z } from 'zod';\n\nexport const shapeSchema = z.object({ id: z.string() });\nexport type Shape = z.infer<typeof shapeSchema>;\n",
  'electron/core/kernel/shape.ts':
    "import type { Shape } from '../../contract/shape.ts';\n\nexport const shapeOf = (id: string): Shape => ({ id });\n",
  'electron/adapters/store/open.ts':
    "import { shapeOf } from '../../core/kernel/shape.ts';\n\ntype Db = { prepare(sql: string): { get(id: string): unknown } };\nconst QUERY = 'select * from shapes where id = ?';\nexport const openStore = (db: Db): unknown => db.prepare(QUERY).get(shapeOf('a').id);\n",
  'electron/adapters/ssh/list.ts':
    "type Client = { exec(command: string): void };\ntype Command = 'exec sh -s' | 'exec sudo -n sh -s';\nconst script = 'exec sh -s';\nconst send = (client: Client, command: 'a' | 'b'): void => client.exec(command);\nexport const list = (client: Client, isRoot: boolean): Command => {\n  client.exec(script);\n  client.exec(isRoot ? 'a' : 'b');\n  send(client, 'a');\n  return script;\n};\n",
  'electron/shell/main.ts':
    "import { app } from 'electron';\nimport { list } from '../adapters/ssh/list.ts';\nimport { openStore } from '../adapters/store/open.ts';\n\nexport const start = (): unknown => [app.getName(), list, openStore];\n",
  'renderer/app/main.tsx':
    "import type { Shape } from '../../electron/contract/shape.ts';\n\nexport const App = (props: { shape: Shape }) => <p>{props.shape.id}</p>;\n",
};

/** @type {Fault[]} */
export const typeFaults = [
  {
    file: 'electron/core/master/fs.ts',
    rule: 'TS2591',
    text: "import { readFileSync } from 'node:fs';\nexport const read = (): unknown => readFileSync('x');",
  },
  {
    file: 'electron/core/master/document.ts',
    rule: 'TS2584',
    text: 'export const page = (): unknown => document;',
  },
  {
    file: 'electron/core/master/console.ts',
    rule: 'TS2584',
    text: "export const say = (): void => console.log('x');",
  },
  {
    file: 'electron/core/master/timeout.ts',
    rule: 'TS2304',
    text: 'export const later = (): unknown => setTimeout(() => 1, 5);',
  },
  { file: 'electron/core/master/enum.ts', rule: 'TS1294', text: 'export enum Color {\n  red,\n}' },
  {
    file: 'electron/core/master/index.ts',
    rule: 'TS2322',
    text: 'export const first = (all: readonly string[]): string => all[0];',
  },
  {
    file: 'electron/core/master/type-import.ts',
    rule: 'TS1484',
    text: "import { Shape } from '../../contract/shape.ts';\nexport const id = (shape: Shape): string => shape.id;",
  },
  {
    file: 'electron/shell/dom.ts',
    rule: 'TS2584',
    text: 'export const page = (): unknown => document.title;',
  },
  {
    file: 'renderer/app/buffer.ts',
    rule: 'TS2591',
    text: 'export const bytes = (): unknown => Buffer.from([1]);',
  },
];

/** @type {Fault[]} */
export const layerFaults = [
  {
    file: 'electron/core/master/up.ts',
    rule: 'core-is-pure',
    text: "export { openStore } from '../../adapters/store/open.ts';",
  },
  {
    file: 'electron/core/master/type-up.ts',
    rule: 'core-is-pure',
    text: "import type { openStore } from '../../adapters/store/open.ts';\nexport type Open = typeof openStore;",
  },
  {
    file: 'electron/core/master/fs.ts',
    rule: 'core-is-pure',
    text: "export { readFileSync } from 'node:fs';",
  },
  {
    file: 'electron/contract/up.ts',
    rule: 'contract-knows-zod',
    text: "export { shapeOf } from '../core/kernel/shape.ts';",
  },
  {
    file: 'electron/adapters/ssh/side.ts',
    rule: 'adapters-apart',
    text: "export { openStore } from '../store/open.ts';",
  },
  {
    file: 'electron/adapters/ssh/up.ts',
    rule: 'adapters-know-core',
    text: "export { start } from '../../shell/main.ts';",
  },
  {
    file: 'electron/adapters/ssh/electron.ts',
    rule: 'electron-in-shell',
    text: "export { app } from 'electron';",
  },
  {
    file: 'renderer/pages/rack/core.ts',
    rule: 'renderer-knows-contract',
    text: "export { shapeOf } from '../../../electron/core/kernel/shape.ts';",
  },
  {
    file: 'renderer/pages/rack/node.ts',
    rule: 'renderer-no-node',
    text: "export { readFileSync } from 'node:fs';",
  },
  {
    file: 'renderer/pages/tasks/other.ts',
    rule: 'pages-apart',
    text: "export { readFileSync } from '../rack/node.ts';",
  },
  {
    file: 'renderer/parts/up.ts',
    rule: 'parts-below-pages',
    text: "export { readFileSync } from '../pages/rack/node.ts';",
  },
  {
    file: 'renderer/kit/domain.ts',
    rule: 'kit-has-no-domain',
    text: "export type { Shape } from '../../electron/contract/shape.ts';",
  },
  {
    file: 'electron/shell/test.ts',
    rule: 'no-test-in-app',
    text: "export { help } from '../../test/support/help.ts';",
  },
  {
    file: 'electron/shell/nowhere.ts',
    rule: 'not-found',
    text: "export { nothing } from './is-not-there.ts';",
  },
  {
    file: 'electron/shell/cycle-a.ts',
    rule: 'no-cycle',
    text: "import { two } from './cycle-b.ts';\nexport const one = (): number => two() + 1;",
  },
];

/** What the layer faults need and what is no fault where it stands. */
export const layerHelp = {
  'electron/shell/cycle-b.ts':
    "import { one } from './cycle-a.ts';\n\nexport const two = (): number => one() + 1;\n",
  'test/support/help.ts': 'export const help = 1;\n',
};

/** Rule is the title of knip's report. @type {Fault[]} */
export const deadFaults = [
  { file: 'electron/shell/unused-file.ts', rule: 'files', text: 'export const nobody = 1;' },
  {
    file: 'electron/shell/used.ts',
    rule: 'exports',
    text: 'export const wanted = 1;\nexport const unwanted = 2;',
  },
  {
    file: 'electron/shell/used-types.ts',
    rule: 'types',
    text: 'export type Wanted = 1;\nexport type Unwanted = 2;',
  },
];

/** What makes the above used. */
export const deadEntry = {
  'electron/headless.ts':
    "import { wanted } from './shell/used.ts';\nimport type { Wanted } from './shell/used-types.ts';\n\nexport const both: Wanted = wanted;\n",
};

/** @type {Fault[]} */
export const formatFaults = [
  { file: 'electron/shell/wide.ts', rule: 'format', text: 'export const a = "double"' },
  {
    file: 'electron/shell/order.ts',
    rule: 'assist/source/organizeImports',
    text: "import { b } from './z.ts';\nimport { a } from './a.ts';\n\nexport const both = [a, b];\n",
  },
];

/** Put together here, so that the scan of this repository stays clean. @type {Fault[]} */
export const secretFaults = [
  {
    file: 'key.txt',
    rule: 'private-key',
    text: ['-----BEGIN OPENSSH PRIVATE', `KEY-----\n${'Ab3/'.repeat(12)}\n`].join(' '),
  },
  { file: 'aws.txt', rule: 'aws-key', text: `id = ${'AKIA'}${'A1B2C3D4E5F6G7H8'}` },
  { file: 'github.txt', rule: 'github-token', text: `token ${'gh'}${`p_${'a1'.repeat(18)}`}` },
  { file: 'npm.txt', rule: 'npm-token', text: `//registry/:${'_auth'}Token=${'a1b2'.repeat(9)}` },
  { file: 'address.txt', rule: 'login-in-address', text: `https://${'me:'}${'hunter22@'}host.example/` },
];

/** Rule is a word of the complaint. @type {Fault[]} */
export const goFaults = [
  { file: 'format.go', rule: 'gofmt -w', text: 'package house\n\nvar  Wide = 1' },
  {
    file: 'vet.go',
    rule: 'Printf',
    text: 'package house\n\nimport "fmt"\n\nfunc Say() { fmt.Printf("%d\\n", "text") }',
  },
  { file: 'unused.go', rule: 'U1000', text: 'package house\n\nfunc nobody() {}' },
];

/** A Go module around them. */
export const goHouse = {
  'go.mod': 'module example/house\n\ngo 1.19\n',
  'clean.go': '// Package house is planted.\npackage house\n\n// One is used.\nfunc One() int { return 1 }\n',
};
