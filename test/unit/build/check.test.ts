// The parts of `npm run check` that read what tools say. Each reader must also notice a tool that saw nothing.
import { describe, expect, it } from 'vitest';
import { staticcheckSource } from '../../../build/check/go.mjs';
import { summary } from '../../../build/check/pool.mjs';
import { findSecrets } from '../../../build/check/secrets.mjs';
import { listFindings, readLayers, readLint, readTypes, unseen } from '../../../build/check/tools.mjs';
import { faultOf } from '../../../build/hooks/commit-msg.mjs';
import { compare } from '../../../build/selftest/selftest.mjs';

describe('readers', () => {
  it('a lint finding keeps its file, line, rule and help', () => {
    const diagnostic = {
      message: 'Unexpected use of Date.',
      help: 'time is data',
      code: 'eslint(no-restricted-globals)',
      filename: 'electron/core/a.ts',
      labels: [{ span: { line: 7 } }],
    };
    const { findings, files } = readLint(JSON.stringify({ diagnostics: [diagnostic], number_of_files: 3 }));
    expect(files).toBe(3);
    expect(listFindings(findings)).toBe(
      'electron/core/a.ts:7 eslint(no-restricted-globals): Unexpected use of Date. - time is data',
    );
  });

  it('compiler errors are read from their lines, whatever else is printed', () => {
    const text = 'noise\na/b.ts(3,14): error TS2591: Cannot find name.\n  more about it\nFound 1 error.';
    expect(readTypes(text)).toEqual([
      { file: 'a/b.ts', line: 3, rule: 'TS2591', message: 'Cannot find name.' },
    ]);
  });

  it('layers give violations and the modules of ours', () => {
    const violation = { from: 'a.ts', to: 'b.ts', rule: { name: 'no-cycle' } };
    const modules = [{ source: 'a.ts' }, { source: 'node_modules/zod/index.js' }];
    expect(readLayers(JSON.stringify({ summary: { violations: [violation] }, modules }))).toEqual({
      violations: [{ from: 'a.ts', to: 'b.ts', rule: 'no-cycle' }],
      modules: ['a.ts'],
    });
  });

  it('files that the cruiser did not see are named, so that a blind tool is no success', () => {
    expect(unseen(['a.ts', 'b.ts'], ['a.ts'])).toEqual(['b.ts']);
    expect(unseen(['a.ts', 'b.ts'], [])).toEqual(['a.ts', 'b.ts']);
  });
});

describe('self-test', () => {
  const fault = { file: 'electron/core/a.ts', rule: 'core-is-pure', text: '' };

  it('a fault found by its rule is good', () => {
    expect(compare('layers', [fault], [{ file: fault.file, rule: fault.rule }])).toEqual([]);
  });

  it('a fault found by another rule only counts as missed', () => {
    const complaints = compare('layers', [fault], [{ file: fault.file, rule: 'no-cycle' }]);
    expect(complaints).toEqual([
      'layers does not find core-is-pure in electron/core/a.ts (it finds no-cycle)',
    ]);
  });

  it('an innocent file that is blamed counts as a fault of the tool', () => {
    const found = [
      { file: fault.file, rule: fault.rule },
      { file: 'electron/shell/main.ts', rule: 'no-cycle' },
    ];
    expect(compare('layers', [fault], found)).toHaveLength(1);
  });
});

describe('secrets', () => {
  it('a key is found with its line; a public key and a fingerprint are not secrets', () => {
    const key = ['-----BEGIN OPENSSH PRIVATE', `KEY-----\n${'b3Bl'.repeat(12)}`].join(' ');
    expect(findSecrets(`one\ntwo\n${key}`)).toEqual([{ rule: 'private-key', line: 3 }]);
    const harmless = `ssh-ed25519 ${'AAAAC3Nz'.repeat(8)} me@host\nSHA256:${'a1B2'.repeat(10)}`;
    expect(findSecrets(harmless)).toEqual([]);
  });

  it('an address with a password is found, one with a port is not', () => {
    expect(findSecrets(['https://me:', 'secret1@host/'].join(''))).toHaveLength(1);
    expect(findSecrets('http://127.0.0.1:8080/x@y')).toEqual([]);
  });
});

describe('the last line', () => {
  it('says ok, or how many of how many failed and which', () => {
    expect(summary([], 9)).toBe('check: ok');
    expect(summary(['lint', 'types'], 9)).toBe('check: 2 of 9 failed (lint, types)');
  });
});

describe('staticcheck', () => {
  it.each([
    ['go version go1.19.8 linux/amd64', 'system'],
    ['go1.20.1', 'system'],
    ['go1.26.8', 'own'],
  ])('for %s comes from %s', (version, source) => {
    expect(staticcheckSource(version)).toBe(source);
  });
});

describe('commit messages', () => {
  it.each([
    'feat(core): place a task on the machine that was asked for',
    'fix: keep the log when the link breaks\n\nThe reader was closed first.',
    'Merge branch main',
    '# a comment of git\nchore: lay out the house',
  ])('%j is fine', (text) => {
    expect(faultOf(text)).toBeUndefined();
  });

  it.each([
    'Fix the thing',
    'feat(Core): place a task',
    'feat(core): Place a task',
    'feat(core): place a task.',
    'feat(core): added a task',
    'fix: a\nb',
    `fix: ${'long '.repeat(20)}one`,
  ])('%j is refused', (text) => {
    expect(faultOf(text)).toBeDefined();
  });
});
