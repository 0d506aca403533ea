import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureFolder, processMark, withLock } from '../../../build/lib/cache.mjs';
import { hashFile, hashFiles, listFiles, readStamp, writeStamp } from '../../../build/lib/hash.mjs';
import { mustRun, run } from '../../../build/lib/run.mjs';
import { unzip } from '../../../build/lib/unzip.mjs';
import { until } from '../../support/wait.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-build-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (...parts: string[]): string => path.join(folder, ...parts);

describe('a folder made once', () => {
  it('is made the first time and found the second', async () => {
    const make = async (fresh: string) => writeFileSync(path.join(fresh, 'a'), 'x');
    expect(await ensureFolder(inFolder('made'), make)).toBe(true);
    expect(await ensureFolder(inFolder('made'), make)).toBe(false);
    expect(readdirSync(folder)).toEqual(['made']);
  });

  it('leaves nothing behind when making it fails', async () => {
    const make = async (fresh: string): Promise<void> => {
      writeFileSync(path.join(fresh, 'half'), 'x');
      throw new Error('interrupted');
    };
    await expect(ensureFolder(inFolder('made'), make)).rejects.toThrow('interrupted');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the lock', () => {
  it('lets one set-up work at a time, in whatever order they come', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(inFolder('lock'), work)));
    expect(most).toBe(1);
    expect(existsSync(inFolder('lock'))).toBe(false);
  });

  it('changes hands between processes as often as they like', async () => {
    const module = new URL('../../../build/lib/cache.mjs', import.meta.url).href;
    const source = `import { withLock } from '${module}';
      for (let n = 0; n < 100; n += 1) await withLock('${inFolder('lock')}', async () => {});`;
    const each = () => mustRun(process.execPath, ['--input-type=module', '--eval', source]);
    await Promise.all([each(), each(), each()]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a process that is gone is taken over', async () => {
    const dead = spawnSync('true').pid;
    mkdirSync(inFolder('lock'));
    writeFileSync(inFolder('lock', 'holder'), `${dead} 1`);
    expect(await withLock(inFolder('lock'), async () => 'worked')).toBe('worked');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('of a pid that now belongs to another process is taken over', async () => {
    if (process.platform !== 'linux') return;
    mkdirSync(inFolder('lock'));
    writeFileSync(inFolder('lock', 'holder'), `${process.ppid} 1`);
    expect(await withLock(inFolder('lock'), async () => 'worked')).toBe('worked');
  });

  it('of a live process is waited for, and says who holds it', async () => {
    mkdirSync(inFolder('lock'));
    writeFileSync(inFolder('lock', 'holder'), processMark(process.ppid));
    const waits: string[] = [];
    const attempt = withLock(inFolder('lock'), async () => 'worked', {
      timeoutMs: 50,
      onWait: (pid) => waits.push(pid),
    });
    await expect(attempt).rejects.toThrow('for too long');
    expect(waits).toEqual([String(process.ppid)]);
  });
});

describe('the hash of sources', () => {
  it('changes with a name, a text or an extra, and not with a time', () => {
    writeFileSync(inFolder('a.ts'), 'one');
    const of = (...extras: string[]) => hashFiles(listFiles([folder]), extras, folder);
    const first = of();
    writeFileSync(inFolder('a.ts'), 'one');
    expect(of()).toBe(first);
    expect(of('flag')).not.toBe(first);
    writeFileSync(inFolder('a.ts'), 'two');
    expect(of()).not.toBe(first);
  });

  it('leaves out what is made', () => {
    mkdirSync(inFolder('node_modules'));
    writeFileSync(inFolder('node_modules', 'x.js'), '');
    writeFileSync(inFolder('b.ts'), '');
    expect(listFiles([folder])).toEqual([inFolder('b.ts')]);
  });

  it('of one file is the usual sha-256', async () => {
    writeFileSync(inFolder('a'), 'abc');
    expect(await hashFile(inFolder('a'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('is remembered in a stamp', () => {
    expect(readStamp(inFolder('deep', 'stamp'))).toBeUndefined();
    writeStamp(inFolder('deep', 'stamp'), 'abc');
    expect(readStamp(inFolder('deep', 'stamp'))).toBe('abc');
  });
});

/** A zip file with one entry. */
function zipOf(name: string, text: string, mode: number): Buffer {
  const packed = deflateRawSync(text);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt32LE(text.length, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt32LE((mode << 16) >>> 0, 38);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, entry, Buffer.from(name), end]);
}

describe('unzip', () => {
  it('writes a file with its mode', () => {
    writeFileSync(inFolder('a.zip'), zipOf('d/run', 'hello', 0o100755));
    expect(unzip(inFolder('a.zip'), inFolder('out'))).toBe(1);
    expect(readFileSync(inFolder('out', 'd', 'run'), 'utf8')).toBe('hello');
  });

  it('refuses an entry that would leave the folder', () => {
    writeFileSync(inFolder('a.zip'), zipOf('../evil', 'x', 0o100644));
    expect(() => unzip(inFolder('a.zip'), inFolder('out'))).toThrow('would leave the folder');
    expect(existsSync(inFolder('evil'))).toBe(false);
  });

  it('refuses what is no zip file, and one that is cut off', () => {
    writeFileSync(inFolder('a.zip'), 'no');
    expect(() => unzip(inFolder('a.zip'), folder)).toThrow('not a zip file');
    const whole = zipOf('a', 'hello', 0o100644);
    whole.writeUInt32LE(9999, whole.length - 22 + 16);
    writeFileSync(inFolder('a.zip'), whole);
    expect(() => unzip(inFolder('a.zip'), folder)).toThrow('cut off');
  });
});

describe('a program', () => {
  it('gives its code and both outputs', async () => {
    const program = 'console.log("out"); console.error("err"); process.exit(3)';
    const result = await run(process.execPath, ['-e', program]);
    expect(result).toMatchObject({ code: 3, stdout: 'out\n', timedOut: false });
    expect(result.output).toContain('err');
  });

  it('is ended when it takes too long', async () => {
    expect(await run('sleep', ['60'], { timeoutMs: 50 })).toMatchObject({ timedOut: true, code: 128 });
  });

  it('is ended together with the processes it started', async () => {
    const ending = new AbortController();
    let pid = 0;
    const onLine = (line: string): void => {
      pid = Number(line);
      ending.abort();
    };
    await run('sh', ['-c', 'sleep 60 & echo $!; wait'], { signal: ending.signal, onLine });
    const file = `/proc/${pid}/stat`;
    const state = () => (existsSync(file) ? readFileSync(file, 'utf8').split(') ')[1]?.[0] : 'gone');
    // Its end of the pipe closes a moment before it is gone.
    await until(() => ['gone', 'Z', 'X'].includes(state() ?? 'gone'), {
      capMs: 4000,
      what: 'the child is gone',
    });
  });

  it('that fails is told with the end of what it printed', async () => {
    const attempt = mustRun(process.execPath, ['-e', 'console.error("the reason"); process.exit(1)'], {
      what: 'trying',
    });
    await expect(attempt).rejects.toMatchObject({
      message: 'trying ended with code 1',
      advice: ['the reason'],
    });
  });
});
