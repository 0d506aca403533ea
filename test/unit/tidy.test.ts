// The rules of test/support/tidy over the whole tree. A failure lists every place.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { en } from '../../renderer/app/messages/en.ts';
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
import { isSource, listTree, readTree, root } from '../support/tidy/tree.ts';
import { bannedNames, bannedTexts, looseTodos, vagueNames } from '../support/tidy/words.ts';

const files = listTree();
const sources = readTree(files.filter(isSource));
const pages = readTree(files.filter((file) => file.endsWith('.md')));
const manifest: { version: string; scripts: Record<string, string>; allowScripts?: Record<string, boolean> } =
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const under = (...folders: string[]) =>
  sources.filter((one) => folders.some((folder) => one.file.startsWith(folder)));
// The rules and their planted faults have to write down what they forbid.
const isRule = (file: string): boolean =>
  /^(test\/(support\/tidy|unit\/tidy)|build\/(selftest|check))/.test(file);

describe('words', () => {
  it('the domain is called by its own words in the contract, the core and the agent', () => {
    const named = under('electron/contract/', 'electron/core/', 'native/agent/');
    const domain = named.filter((one) => !one.file.endsWith('_test.go'));
    expect(domain.length).toBeGreaterThan(20);
    expect(domain.flatMap(bannedNames)).toEqual([]);
  });

  it('no name ends in a word that says nothing', () => {
    expect(under('electron/', 'renderer/', 'native/', 'build/', 'test/').flatMap(vagueNames)).toEqual([]);
  });

  it('the screen speaks the words of the domain and raises its voice nowhere', () => {
    expect(bannedTexts(en)).toEqual([]);
  });

  it('every message is shown somewhere', () => {
    const shown = under('renderer/').filter((one) => !/\/messages\/(en|zh)/.test(one.file));
    const reasons = under('electron/contract/');
    expect(unusedMessages(Object.keys(en), [...shown, ...reasons])).toEqual([]);
  });

  it('a TODO names its issue', () => {
    expect(sources.filter((one) => !isRule(one.file)).flatMap(looseTodos)).toEqual([]);
  });
});

describe('files', () => {
  it('are named in kebab-case', () => {
    expect(badFileNames(files)).toEqual([]);
  });

  it('have at most 400 lines', () => {
    expect(longFiles(sources)).toEqual([]);
  });

  it('hold Go functions of at most 70 lines', () => {
    const code = under('native/agent/').filter(
      (one) => one.file.endsWith('.go') && !one.file.endsWith('_test.go'),
    );
    expect(code.length).toBeGreaterThan(10);
    expect(longGoFunctions(code)).toEqual([]);
  });

  it('stand in folders that say what lives there', () => {
    expect(silentFolders(sources, files)).toEqual([]);
  });

  it('name no place of the computer they were written on and no package host', () => {
    const texts = readTree(
      files.filter((file) => /\.(ts|tsx|mjs|cjs|go|css|sh|md|json|jsonc|ya?ml|html)$/.test(file)),
    );
    expect(texts.filter((one) => !isRule(one.file)).flatMap(localPlaces)).toEqual([]);
  });

  it('migrations are numbered from one without a gap', () => {
    const migrations = files.filter((file) => /^electron\/adapters\/store\/migrations\/\d/.test(file));
    expect(migrations.length).toBeGreaterThan(0);
    expect(badNumbering(migrations)).toEqual([]);
  });

  it('wire fixtures are read by the tests of both languages', () => {
    const fixtures = files.filter((file) => /^test\/fixtures\/wire\/.*\.json$/.test(file));
    const ts = under('test/unit/', 'test/support/').filter((one) => !isRule(one.file));
    const go = under('native/agent/').filter((one) => one.file.endsWith('_test.go'));
    expect(fixtures.length).toBeGreaterThan(0);
    expect(oneSidedFixtures(fixtures, { ts, go })).toEqual([]);
  });
});

describe('documents', () => {
  it('link only to what is there', () => {
    expect(brokenLinks(pages, (file) => existsSync(path.join(root, file)))).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    expect(pages.flatMap((page) => unknownScripts(page, Object.keys(manifest.scripts)))).toEqual([]);
  });

  it('every decision is in the index, under a number of its own', () => {
    const decisions = files.filter((file) => /^docs\/adr\/\d/.test(file)).map((file) => path.basename(file));
    const index = readFileSync(path.join(root, 'docs/adr/README.md'), 'utf8');
    expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
    const numbers = decisions.map((name) => name.slice(0, 4));
    expect(numbers.filter((number, at) => numbers.indexOf(number) !== at)).toEqual([]);
  });

  it('the change log has an entry for the version of the package', () => {
    const log = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
    expect(log).toContain(`## ${manifest.version}`);
  });
});

describe('install scripts', () => {
  it('each package that has one is allowed or refused by name', () => {
    const lock: { packages: Record<string, { hasInstallScript?: boolean }> } = JSON.parse(
      readFileSync(path.join(root, 'package-lock.json'), 'utf8'),
    );
    const withScript = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      .map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length));
    const decided = manifest.allowScripts ?? {};
    expect(Object.keys(decided).toSorted()).toEqual([...new Set(withScript)].toSorted());
    // None of them is needed: what they would build or fetch is set up by build/steps, or ships in the package.
    expect(Object.values(decided).filter(Boolean)).toEqual([]);
  });
});
