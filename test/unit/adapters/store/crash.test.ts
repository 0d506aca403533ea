import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyParts } from '../../../../electron/adapters/store/files.ts';
import { newestVersion } from '../../../../electron/adapters/store/migrate.ts';
import { quickCheck } from '../../../../electron/adapters/store/snapshots.ts';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import { aMachine } from '../../../support/builders.ts';
import { loadStore } from '../../../support/load-store.ts';
import { mustOpen, newPlace } from '../../../support/store-place.ts';
import { anEvent, aTaskRecord } from '../../../support/store-records.ts';

const aBigMachine = aMachine('one');
const support = path.resolve(import.meta.dirname, '../../../support');
const tsx = path.resolve(import.meta.dirname, '../../../../node_modules/tsx/dist/loader.mjs');

function args(script: string, ...rest: readonly string[]): string[] {
  return ['--import', tsx, path.join(support, script), ...rest];
}

/** All seqs it has acknowledged so far. */
type Child = {
  readonly process: ChildProcess;
  readonly acknowledged: number[];
  readonly ended: Promise<void>;
};

function start(file: string): Child {
  const child = spawn(process.execPath, args('store-child.ts', file), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (/^\d+$/.test(line)) acknowledged.push(Number(line));
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return { process: child, acknowledged, ended };
}

async function until(isTrue: () => boolean, child: Child): Promise<void> {
  const capMs = Date.now() + 15_000;
  while (!isTrue()) {
    if (Date.now() > capMs || child.process.exitCode !== null) throw new Error('the child does not commit');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('kill -9 at any moment', () => {
  it('loses no acknowledged commit and tears none', async () => {
    const place = newPlace();
    const random = createRandom(Date.now());
    let commits = 0;
    for (let kills = 0; kills < 4; kills += 1) {
      const child = start(place.file);
      const wanted = 1 + Math.floor(random() * 300);
      await until(() => child.acknowledged.length >= wanted, child);
      child.process.kill('SIGKILL');
      await child.ended;
      commits += child.acknowledged.length;
      const { store } = mustOpen(place);
      const { seq, machines, tasks } = loadStore(store);
      // What was written but not yet said may be there: one commit at most.
      const last = child.acknowledged.at(-1) ?? 0;
      expect(seq).toBeGreaterThanOrEqual(last);
      expect(seq).toBeLessThanOrEqual(last + 1);
      expect(machines[0]?.note).toBe(`note ${seq}`);
      expect(tasks.some((task) => task.id === `t-job-${seq}`)).toBe(true);
      expect(quickCheck(store.connection)).toBeNull();
      store.close();
    }
    expect(commits).toBeGreaterThan(100);
  }, 120_000);

  it('before any statement, from the first migration to the last commit, leaves a whole state', () => {
    const place = newPlace();
    const copies: { readonly file: string; readonly acknowledged: number }[] = [];
    let acknowledged = 0;
    // What is in the files at this moment is what a kill here would leave: the copy is opened like after a crash.
    const trace = (): void => {
      const file = path.join(path.dirname(place.file), `n${copies.length}`, 'mesolite.db');
      fs.mkdirSync(path.dirname(file));
      copyParts(place.file, file);
      copies.push({ file, acknowledged });
    };
    const { store } = mustOpen({ ...place, trace });
    for (let seq = 1; seq <= 4; seq += 1) {
      store.commit([anEvent(seq)], {
        machines: { put: [{ ...aMachine('one'), note: `note ${seq}` }], drop: [] },
        tasks: { put: [aTaskRecord(`job-${seq}`)], drop: [] },
      });
      acknowledged = seq;
    }
    expect(copies.length).toBeGreaterThan(60);
    for (const copy of copies) {
      const after = mustOpen({ ...place, file: copy.file });
      const { seq, machines, tasks } = loadStore(after.store);
      expect([copy.file, seq]).toEqual([copy.file, copy.acknowledged]);
      expect([machines[0]?.note, tasks.length]).toEqual([seq > 0 ? `note ${seq}` : undefined, seq]);
      expect(after.store.connection.pragma('user_version', { simple: true })).toBe(newestVersion());
      expect(quickCheck(after.store.connection)).toBeNull();
      after.store.close();
    }
  });
});

describe('a full disk', () => {
  it('refuses the commit, keeps what was there, and takes commits again when there is room', () => {
    const place = newPlace();
    const { store } = mustOpen(place);
    const big = 'x'.repeat(4096);
    const machine = (note: string) => ({ machines: { put: [{ ...aBigMachine, note }], drop: [] } });
    store.commit([], machine('before'));
    const pages = Number(store.connection.pragma('page_count', { simple: true }));
    store.connection.pragma(`max_page_count = ${pages}`);
    expect(() => store.commit([], machine(big.repeat(20)))).toThrow('SQLITE_FULL');
    expect(loadStore(store).machines[0]?.note).toBe('before');
    store.connection.pragma('max_page_count = 1000000');
    store.commit([], machine('after'));
    expect(loadStore(store).machines[0]?.note).toBe('after');
  });
});

describe('a connection that is not trusted any more', () => {
  const orphan = { tasks: { put: [aTaskRecord('job', 'nowhere')], drop: [] } };
  const machine = { machines: { put: [aBigMachine], drop: [] } };

  it('is another one at the next commit, and everything written before is there', () => {
    const { store } = mustOpen(newPlace());
    store.commit([anEvent(1)], machine);
    const before = store.connection;
    expect(() => store.commit([anEvent(2)], orphan)).toThrow('SQLITE_CONSTRAINT');
    store.commit([anEvent(3)], { machines: { put: [{ ...aBigMachine, note: 'after' }], drop: [] } });
    expect(store.connection).not.toBe(before);
    const { seq, machines, tasks } = loadStore(store);
    expect([seq, machines[0]?.note, tasks]).toEqual([3, 'after', []]);
    store.close();
  });

  it('is asked for again as long as the file cannot be opened', () => {
    const place = newPlace();
    const { store } = mustOpen(place);
    store.commit([anEvent(1)], machine);
    expect(() => store.commit([anEvent(2)], orphan)).toThrow('SQLITE_CONSTRAINT');
    fs.renameSync(place.file, `${place.file}.away`);
    fs.mkdirSync(place.file);
    expect(() => store.commit([anEvent(3)], {})).toThrow(/directory|EISDIR|CANTOPEN/);
    expect(() => store.readSeq()).toThrow('not open');
    fs.rmdirSync(place.file);
    fs.renameSync(`${place.file}.away`, place.file);
    store.commit([anEvent(3)], {});
    const { seq, machines } = loadStore(store);
    expect([seq, machines.length]).toEqual([3, 1]);
    store.close();
  });
});

describe('a read-only place', () => {
  it('is opened for reading, says so, and is written again as soon as it can be', () => {
    const place = newPlace();
    const { store } = mustOpen(place);
    store.commit([], { machines: { put: [aBigMachine], drop: [] } });
    store.close();
    const folder = path.dirname(place.file);
    const isRoot = process.getuid?.() === 0;
    // Root is not held back by modes: a read-only mount in a namespace of its own is.
    const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    const node = [process.execPath, ...args('store-read-only-child.ts', place.file)];
    const command = isRoot ? ['unshare', '-m', 'sh', '-c', mount, folder, ...node] : node;
    if (!isRoot) fs.chmodSync(folder, 0o500);
    const run = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8', timeout: 100_000 });
    if (!isRoot) fs.chmodSync(folder, 0o700);
    expect(run.stderr).toBe('');
    expect(JSON.parse(run.stdout)).toEqual({
      notices: ['store-read-only'],
      machines: 1,
      refused: true,
      resumed: true,
      note: 'written again',
    });
  }, 120_000);
});
