import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../../../electron/adapters/system/artifact-store.ts';

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');
const hourMs = 3_600_000;

describe("the app's own copies of files", () => {
  let folder = '';
  let nowMs = 0;
  let needed: Set<string>;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-artifacts-'));
    nowMs = Date.now();
    needed = new Set();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const dir = (): string => path.join(folder, 'artifacts');
  function aStore(caps = { fileBytes: 1000, totalBytes: 2000 }): ArtifactStore {
    return new ArtifactStore({
      dir: dir(),
      caps,
      isNeeded: (sha256) => needed.has(sha256),
      nowMs: () => nowMs,
      log: () => {},
    });
  }
  function aFile(name: string, text: string): string {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  }
  const keep = (store: ArtifactStore, file: string, signal = new AbortController().signal) =>
    store.keep(file, signal);
  const kept = (): string[] => readdirSync(dir()).sort();

  it('keeps a file under its hash, private, whatever becomes of the original', async () => {
    const store = aStore();
    const file = aFile('data.txt', 'hello');
    const sha256 = sha256Of('hello');
    expect(await keep(store, file)).toEqual({ ok: true, value: { name: 'data.txt', sizeBytes: 5, sha256 } });
    rmSync(file);
    expect(kept()).toEqual([sha256]);
    expect(statSync(path.join(dir(), sha256)).mode & 0o777).toBe(0o600);
    const opened = await store.open(sha256);
    if (!opened.ok) throw new Error(opened.refusal.detail);
    const into = new Uint8Array(10);
    expect(await opened.value.read(into, 2)).toBe(3);
    expect(Buffer.from(into.subarray(0, 3)).toString()).toBe('llo');
    await opened.value.close();
  });

  it('keeps the same content once, and an empty file too', async () => {
    const store = aStore();
    await Promise.all([
      keep(store, aFile('a', 'same')),
      keep(store, aFile('b', 'same')),
      keep(store, aFile('c', '')),
    ]);
    expect(kept()).toEqual([sha256Of('same'), sha256Of('')].sort());
  });

  it('refuses in words what is too large, no file, or not there', async () => {
    const store = aStore();
    mkdirSync(path.join(folder, 'sub'));
    const reasons = await Promise.all(
      [aFile('big', 'x'.repeat(1001)), path.join(folder, 'sub'), path.join(folder, 'none')].map((file) =>
        keep(store, file),
      ),
    );
    expect(reasons.map((each) => (each.ok ? '' : each.refusal.reason))).toEqual([
      'artifact-too-large',
      'cannot-read-file',
      'cannot-read-file',
    ]);
    expect(existsSync(dir()) ? kept() : []).toEqual([]);
  });

  it('makes room of what is no longer needed, the least recently used first', async () => {
    const store = aStore();
    for (const name of ['a', 'b', 'c']) {
      await keep(store, aFile(name, name.repeat(600)));
      nowMs += hourMs;
    }
    needed.add(sha256Of('a'.repeat(600)));
    nowMs += hourMs;
    expect(await keep(store, aFile('d', 'd'.repeat(600)))).toMatchObject({ ok: true });
    const left = ['a', 'c', 'd'].map((name) => sha256Of(name.repeat(600)));
    expect(kept()).toEqual(left.sort());
  });

  it('says that there is no room when everything is needed or fresh', async () => {
    const store = aStore();
    await keep(store, aFile('a', 'a'.repeat(900)));
    await keep(store, aFile('b', 'b'.repeat(900)));
    expect(await keep(store, aFile('c', 'c'.repeat(900)))).toMatchObject({
      ok: false,
      refusal: { reason: 'artifact-store-full' },
    });
    expect(kept()).toHaveLength(2);
  });

  it('stops with the window, leaves no part, and clears parts that a crash left', async () => {
    const store = aStore();
    mkdirSync(dir());
    writeFileSync(path.join(dir(), '.part-old'), 'half');
    const gone = new AbortController();
    gone.abort();
    expect(await keep(store, aFile('a', 'text'), gone.signal)).toMatchObject({
      ok: false,
      refusal: { reason: 'cancelled' },
    });
    expect(kept()).toEqual([]);
  });

  it('tells of a file that it has lost', async () => {
    expect(await aStore().open(sha256Of('never'))).toMatchObject({
      ok: false,
      refusal: { reason: 'artifact-lost' },
    });
  });
});
