import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { authorityEntry, hasDisplay } from '../../../build/lib/display.mjs';
import { isNodeNewEnough } from '../../../build/lib/ensure.mjs';
import { formatMs, stepLine, Trouble } from '../../../build/lib/log.mjs';
import { cacheDirOf, inRoot } from '../../../build/lib/paths.mjs';
import { runSteps } from '../../../build/lib/steps.mjs';
import { allTargets, hostTarget, isGoNewEnough, targetName } from '../../../build/steps/agent.mjs';
import { matchesLock, unlinkFolder } from '../../../build/steps/dependencies.mjs';
import { executableIn } from '../../../build/steps/electron.mjs';
import { needsOwnBuild } from '../../../build/steps/sqlite.mjs';
import { applyEdit, edits, readDefines } from '../../../build/steps/sqlite-source.mjs';
import { missingLibraries, missingPackages } from '../../../build/steps/system.mjs';

describe('the installed packages match the lockfile', () => {
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  };

  it.each([
    [
      'when all are there',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0' } },
      true,
    ],
    ['when an optional one of another system is not', { 'node_modules/a': { version: '1.0.0' } }, true],
    ['not when one is missing', { 'node_modules/b': { version: '2.0.0' } }, false],
    ['not when a version differs', { 'node_modules/a': { version: '1.0.1' } }, false],
    [
      'not when there is one too many',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/c': { version: '1.0.0' } },
      false,
    ],
  ])('%s', (_, installed, isMatch) => {
    expect(matchesLock(wanted, installed)).toBe(isMatch);
  });

  it('what another checkout lent us is left alone when something else is to be installed', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mesolite-link-'));
    try {
      const [theirs, ours] = [path.join(folder, 'theirs'), path.join(folder, 'ours')];
      mkdirSync(theirs);
      writeFileSync(path.join(theirs, 'package'), '');
      symlinkSync(theirs, ours);
      unlinkFolder(ours);
      unlinkFolder(theirs); // no link: it stays
      unlinkFolder(path.join(folder, 'none'));
      expect([existsSync(ours), existsSync(path.join(theirs, 'package'))]).toEqual([false, true]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('versions', () => {
  it.each([
    ['20.18.3', false],
    ['20.19.0', true],
    ['22.0.0', true],
    ['18.99.0', false],
  ])('Node %s is new enough: %s', (version, isEnough) => {
    expect(isNodeNewEnough(version)).toBe(isEnough);
  });

  it.each([
    ['go version go1.18.10 linux/amd64', false],
    ['go version go1.19.8 linux/amd64', true],
    ['go version go2.0 linux/amd64', true],
    ['command not found', false],
  ])('%s is new enough: %s', (text, isEnough) => {
    expect(isGoNewEnough(text)).toBe(isEnough);
  });
});

it('the agent is named as Go names systems and processors', () => {
  expect(targetName(hostTarget('linux', 'x64'))).toBe('linux-amd64');
  expect(targetName(hostTarget('darwin', 'arm64'))).toBe('darwin-arm64');
});

it('agents are built for Linux and for macOS, those of most machines first', () => {
  expect(allTargets.map(targetName)).toEqual([
    'linux-amd64',
    'linux-arm64',
    'linux-arm',
    'linux-riscv64',
    'darwin-arm64',
    'darwin-amd64',
  ]);
});

it('the SQLite binding is built only when some runtime is older than Node-API 10', () => {
  expect(needsOwnBuild([10, 10])).toBe(false);
  expect(needsOwnBuild([10, 9])).toBe(true);
});

it('Electron is started by its own name on each system', () => {
  expect(executableIn('/e', 'linux')).toBe('/e/electron');
  expect(executableIn('/e', 'darwin')).toBe('/e/Electron.app/Contents/MacOS/Electron');
});

describe('system packages', () => {
  const status = [
    'Package: libnss3\nStatus: install ok installed\nVersion: 1\n',
    'Package: xvfb\nStatus: deinstall ok config-files\n',
    'Package: libgtk-3-0t64\nStatus: install ok installed\n',
  ].join('\n');

  it('are missing when dpkg does not call them installed', () => {
    expect(missingPackages(['libnss3', 'xvfb', 'fish'], status)).toEqual(['xvfb', 'fish']);
  });

  it('may be there under the name for 64-bit time', () => {
    expect(missingPackages(['libgtk-3-0'], status)).toEqual([]);
  });

  it('are named from what the loader does not find', () => {
    const text = '\tlibnss3.so => /lib/libnss3.so (0x1)\n\tlibgtk-3.so.0 => not found\n';
    expect(missingLibraries(text)).toEqual(['libgtk-3.so.0']);
  });
});

describe('the patch of better-sqlite3', () => {
  const packageDir = inRoot('node_modules', 'better-sqlite3');

  it('fits the version of the lockfile and leaves no reference to a string', () => {
    const files = new Map(edits.map(({ file }) => [file, readFileSync(path.join(packageDir, file), 'utf8')]));
    for (const edit of edits) files.set(edit.file, applyEdit(files.get(edit.file) ?? '', edit));
    for (const text of files.values()) expect(text).not.toContain('Napi::Reference<Napi::String>');
  });

  it('fails loudly when the text is not there', () => {
    expect(() => applyEdit('other text', { file: 'a.cpp', from: 'x()', to: 'y()' })).toThrow(Trouble);
  });

  it('compiles SQLite with the options of the package', () => {
    const defines = readDefines(readFileSync(path.join(packageDir, 'deps', 'defines.gypi'), 'utf8'));
    expect(defines).toContain('SQLITE_THREADSAFE=2');
    expect(defines).toContain('SQLITE_ENABLE_FTS5');
  });
});

describe('the display', () => {
  it('is missing only on Linux without X and Wayland', () => {
    expect(hasDisplay({}, 'linux')).toBe(false);
    expect(hasDisplay({ DISPLAY: '', WAYLAND_DISPLAY: 'wayland-0' }, 'linux')).toBe(true);
    expect(hasDisplay({}, 'darwin')).toBe(true);
  });

  it('gets a cookie that counts for any display number', () => {
    const entry = authorityEntry(Buffer.alloc(16, 7));
    expect(entry.subarray(0, 6)).toEqual(Buffer.from([0xff, 0xff, 0, 0, 0, 0]));
    expect(entry.subarray(-18, -16)).toEqual(Buffer.from([0, 16]));
  });
});

describe('the cache folder', () => {
  it.each([
    [{ XDG_CACHE_HOME: '/c' }, 'linux' as const, '/c/mesolite'],
    [{ XDG_CACHE_HOME: 'relative' }, 'linux' as const, '/home/me/.cache/mesolite'],
    [{}, 'darwin' as const, '/home/me/Library/Caches/mesolite'],
  ])('%o on %s is %s', (env, platform, folder) => {
    expect(cacheDirOf(env, platform, '/home/me')).toBe(folder);
  });
});

describe('a step', () => {
  it('is said in one line with its time', () => {
    expect(stepLine('ok', 'dependencies', '3.1 s')).toBe('ok    dependencies      3.1 s');
    expect([12, 3123, 125_000].map(formatMs)).toEqual(['12 ms', '3.1 s', '2 min 5 s']);
  });

  it('works only when its quick look finds something to do, and a later one not after a failure', async () => {
    const done: string[] = [];
    const step = (name: string, isReady: boolean, work: () => void = () => {}) => ({
      name,
      quick: () => (isReady ? 'up to date' : undefined),
      work: async () => {
        done.push(name);
        work();
      },
    });
    const fail = (): never => {
      throw new Trouble('no network');
    };
    const steps = [step('a', true), step('b', false), step('c', false, fail), step('d', false)];
    const said: string[] = [];
    const tell = (mark: string, name: string) => said.push(`${mark} ${name}`);
    await expect(runSteps(steps, {}, { tell })).rejects.toThrow('no network');
    expect(done).toEqual(['b', 'c']);
    expect(said).toEqual(['ok a', 'ok b', 'FAIL c']);
  });

  it('in a list of their own work beside each other; all end before the next begins or the first failure is told', async () => {
    const said: string[] = [];
    const tell = (state: string, name: string) => void said.push(`${state} ${name}`);
    let letGo = (): void => undefined;
    const met = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const quick = () => undefined;
    const both = [
      { name: 'waits', quick, work: () => met },
      { name: 'lets go', quick, work: async () => letGo() },
    ];
    await runSteps([both, { name: 'after', quick, work: async () => undefined }], {}, { tell });
    expect(said).toEqual(['ok waits', 'ok lets go', 'ok after']);
    const failing = { name: 'fails', quick, work: () => Promise.reject(new Error('no compiler')) };
    await expect(runSteps([[failing, ...both], ...both], {}, { tell })).rejects.toThrow('no compiler');
    expect(said.slice(3)).toEqual(['FAIL fails', 'ok waits', 'ok lets go']);
  });
});

it('every entry that npm scripts and stages name exists', () => {
  const manifest: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(inRoot('package.json'), 'utf8'),
  );
  const files = Object.values(manifest.scripts).flatMap((text) => text.match(/build\/\S+\.mjs/g) ?? []);
  expect(files.filter((file) => !existsSync(inRoot(file)))).toEqual([]);
});
