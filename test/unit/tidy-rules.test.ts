// Each rule of tidy against a planted fault and against what it must leave alone.
import { describe, expect, it } from 'vitest';
import { brokenLinks, unknownScripts, unusedMessages } from '../support/tidy/docs.ts';
import {
  badFileNames,
  badNumbering,
  localPlaces,
  longFiles,
  longGoFunctions,
  oneSidedFixtures,
  silentFolders,
} from '../support/tidy/files.ts';
import { bannedNames, bannedTexts, looseTodos, partsOf, vagueNames } from '../support/tidy/words.ts';

const aFile = (text: string, file = 'electron/core/master/a.ts') => ({ file, text });

describe('names', () => {
  it.each([
    ['drainDeadlineMs', ['drain', 'deadline', 'ms']],
    ['SSHHost', ['ssh', 'host']],
    ['TASK_GONE', ['task', 'gone']],
  ])('%s falls into its words', (name, parts) => {
    expect(partsOf(name)).toEqual(parts);
  });

  it('a banned word inside a name is found with its line and its replacement', () => {
    expect(bannedNames(aFile('\nconst slaveCount = 1;'))).toEqual([
      'electron/core/master/a.ts:2 slaveCount: say agent',
    ]);
  });

  it('a banned word in a comment, a string or inside another word is left alone', () => {
    expect(
      bannedNames(aFile("// slave\nconst inbox = 'slave'; /* dead */ const deadlineMs = inbox;")),
    ).toEqual([]);
  });

  it('a type named for nothing and an interface with I are found, in TypeScript and in Go', () => {
    const text = 'class TaskManager {}\ninterface IStore {}\ntype agentHelper struct {\n}';
    expect(vagueNames(aFile(text))).toHaveLength(3);
    expect(vagueNames(aFile('interface Inbox {}\ntype Item = 1;\ntype Data = 2;'))).toEqual([]);
  });

  it('a message with a banned word or a raised voice is found, a fixed term is not', () => {
    expect(bannedTexts({ a: 'The server is offline', b: 'Done!' })).toHaveLength(3);
    expect(bannedTexts({ a: 'This is not an SSH server', b: 'the server key' })).toEqual([]);
  });

  it('a TODO without an issue is found, one with an issue is not', () => {
    expect(looseTodos(aFile('// TODO: later'))).toHaveLength(1);
    expect(looseTodos(aFile('// FIXME(#3): later'))).toHaveLength(1);
    expect(looseTodos(aFile('// TODO(#3): take both'))).toEqual([]);
  });
});

describe('files', () => {
  it('names other than kebab-case are found, names that tools gave are not', () => {
    expect(badFileNames(['a/fooBar.ts', 'a/Foo.tsx', 'a_b/c.ts'])).toHaveLength(3);
    const good = [
      'README.md',
      '.github/workflows/ci.yml',
      'a/b-c.test.ts',
      'native/sysinfo_linux.go',
      'a/zh-cn.ts',
    ];
    expect(badFileNames(good)).toEqual([]);
  });

  it('the 401st line is one too many', () => {
    expect(longFiles([aFile('x\n'.repeat(400))])).toEqual([]);
    expect(longFiles([aFile('x\n'.repeat(401))])).toEqual(['electron/core/master/a.ts: 401 lines']);
  });

  it('the 71st line of a Go function is one too many', () => {
    const go = (lines: number) =>
      aFile(`func (a *A) Long() {\n${'\tx()\n'.repeat(lines - 2)}}\n`, 'native/a.go');
    expect(longGoFunctions([go(70)])).toEqual([]);
    expect(longGoFunctions([go(71)])).toEqual(['native/a.go: Long has 71 lines']);
  });

  it('a folder without a word about itself is found', () => {
    expect(silentFolders([aFile('export {};')], [])).toHaveLength(1);
    expect(silentFolders([aFile('export {};')], ['electron/core/master/README.md'])).toEqual([]);
    expect(silentFolders([aFile('// What lives here.\nexport {};')], [])).toEqual([]);
    expect(silentFolders([aFile('package spool', 'native/a/b.go')], [])).toHaveLength(1);
    expect(silentFolders([aFile('// Package spool keeps.\npackage spool', 'native/a/b.go')], [])).toEqual([]);
  });

  it('a gap and a twin among migrations are found', () => {
    expect(badNumbering(['m/0001-first.ts', 'm/0002-second.ts'])).toEqual([]);
    expect(badNumbering(['m/0001-first.ts', 'm/0003-third.ts'])).toHaveLength(1);
    expect(badNumbering(['m/0001-first.ts', 'm/0001-twin.ts'])).toHaveLength(1);
  });

  it('a place of one computer and a package host are found', () => {
    const host = ['https://npm', 'corp.example/x'].join('.');
    const here = ['', 'work', 'main', 'x'].join('/');
    expect(localPlaces(aFile(`const here = '${here}';`))).toHaveLength(1);
    expect(localPlaces(aFile(`registry=${host}`))).toHaveLength(1);
    expect(localPlaces(aFile("const home = '/home/me/.ssh'; const docs = 'https://nodejs.org/';"))).toEqual(
      [],
    );
  });

  it('a fixture that one language does not read is named with that language', () => {
    const ts = [aFile("readdirSync('test/fixtures/wire')", 'test/unit/contract/wire.test.ts')];
    const go = [aFile('open("../../test/fixtures/wire/hello.json")', 'native/agent/wire_test.go')];
    const fixtures = ['test/fixtures/wire/hello.json', 'test/fixtures/wire/ack.json'];
    expect(oneSidedFixtures(fixtures, { ts, go })).toEqual([
      'test/fixtures/wire/ack.json: no Go test reads it',
    ]);
  });
});

describe('documents', () => {
  it('a link to nowhere is found; addresses, anchors and code are not links of ours', () => {
    const page = aFile('[a](b.md#x) [c](https://x.example) [d](#e) `[f](g.md)`', 'docs/page.md');
    expect(brokenLinks([page], () => false)).toEqual(['docs/page.md: docs/b.md is not there']);
    expect(brokenLinks([page], (file) => file === 'docs/b.md')).toEqual([]);
  });

  it('a script that does not exist is found', () => {
    const page = aFile('npm start, npm run check and npm run fly', 'README.md');
    expect(unknownScripts(page, ['check'])).toEqual(['README.md: npm run fly does not exist']);
  });

  it('a message nobody shows is found; a key with a hole uses all that fit it', () => {
    const code = aFile(['t(', "'verb.kill'); t(`state.$", '{word}.do`)'].join(''));
    expect(unusedMessages(['verb.kill', 'state.gone.do', 'state.gone', 'verb.old'], [code])).toEqual([
      'state.gone',
      'verb.old',
    ]);
  });
});
