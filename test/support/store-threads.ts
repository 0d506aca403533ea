// Stores in threads of their own, as the app has them. Their program is bundled once for a test file.
import { rmSync } from 'node:fs';
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
import { bundleStoreProgram, newProgramFolder, type StoreProgram } from './store-program.ts';

const folder = newProgramFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const programs = new Map<StoreProgram, Promise<string>>();

function programOf(kind: StoreProgram): Promise<string> {
  const known = programs.get(kind);
  if (known) return known;
  const made = bundleStoreProgram(kind, folder);
  programs.set(kind, made);
  return made;
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
