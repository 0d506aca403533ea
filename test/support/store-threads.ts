// Stores in threads of their own: the real program, or one of the tests that makes its disk slow. Bundled as in the app,
// once for a test file; inside the checkout, where the program finds its packages.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { afterAll } from 'vitest';
import type { OpenOptions } from '../../electron/adapters/store/open.ts';
import {
  type OpenThreadResult,
  openStoreThread,
  type StoreThread,
  type StoreThreadOptions,
} from '../../electron/adapters/store/store-thread.ts';
import type { StorePlace } from '../../electron/adapters/store/thread-messages.ts';
import type { Hooks } from './store-hooks.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'dist', `.threads-${process.pid}-${Date.now()}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sources = {
  real: path.join(root, 'electron/adapters/store/store-worker.ts'),
  hooked: path.join(root, 'test/support/hooked-store-child.ts'),
} as const;
const programs = new Map<keyof typeof sources, Promise<string>>();

function programOf(kind: keyof typeof sources): Promise<string> {
  const known = programs.get(kind);
  if (known) return known;
  const made = bundle(kind);
  programs.set(kind, made);
  return made;
}

async function bundle(kind: keyof typeof sources): Promise<string> {
  const external = (id: string): boolean => id === 'better-sqlite3' || id.startsWith('node:');
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    ssr: { target: 'node', noExternal: true, external: ['better-sqlite3'] },
    build: {
      ssr: sources[kind],
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        external,
        output: { format: 'cjs', entryFileNames: `${kind}.cjs`, codeSplitting: false },
      },
    },
  });
  return path.join(folder, `${kind}.cjs`);
}

type Opened = Extract<OpenThreadResult, { kind: 'opened' }>;

const opened: StoreThread[] = [];

export async function closeThreads(): Promise<void> {
  for (const thread of opened.splice(0)) await thread.close();
}

export type ThreadWishes = Partial<Pick<StoreThreadOptions, 'onDeath' | 'onSnapshot'>> & Partial<Hooks>;

export async function threadOptions(
  place: OpenOptions,
  wishes: ThreadWishes = {},
): Promise<StoreThreadOptions> {
  const { hooks, onDeath = () => undefined, onSnapshot = () => undefined } = wishes;
  const given: StorePlace & Partial<Hooks> = {
    file: place.file,
    nativeBinding: place.nativeBinding,
    freshMasterId: place.newMasterId(),
    ...(hooks ? { hooks } : {}),
  };
  return {
    place: given,
    program: await programOf(hooks ? 'hooked' : 'real'),
    onDeath,
    onSnapshot,
  };
}

export async function mustOpenThread(place: OpenOptions, wishes: ThreadWishes = {}): Promise<Opened> {
  const result = await openStoreThread(await threadOptions(place, wishes));
  if (result.kind === 'problem') throw new Error(`${result.problem.kind}: ${result.problem.detail}`);
  opened.push(result.thread);
  return result;
}
