import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatLine, openLogFile } from '../../../electron/shell/log-file.ts';

describe('a line of the log', () => {
  it('is one line with time, level, verb and fields', () => {
    expect(formatLine(0, 'info', 'start', { pid: 7, name: 'a b', gone: undefined })).toBe(
      '1970-01-01T00:00:00.000Z info start pid=7 name="a b"',
    );
  });

  it.each(['password', 'passphrase', 'apiToken', 'Secret', 'privateKey'])('hides the field %s', (name) => {
    expect(formatLine(0, 'info', 'login', { [name]: 'hunter2' })).not.toContain('hunter2');
  });

  it('keeps forged lines and endless values in one short line', () => {
    const line = formatLine(0, 'warn', 'odd', { text: `x\n2026 error forged\u001b[2J${'y'.repeat(5000)}` });
    expect(line.split('\n')).toHaveLength(1);
    expect(line).not.toContain('\u001b');
    expect(line.length).toBeLessThan(700);
  });
});

describe('the log file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps the order of lines', async () => {
    const { log, flush, file } = openLogFile(folder);
    for (let number = 0; number < 500; number += 1) log('info', 'count', { number });
    await flush();
    const numbers = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => Number(line.split('number=')[1]));
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, number) => number));
  });

  it('rotates at 1 MiB and keeps three files', async () => {
    const { log, flush } = openLogFile(folder);
    for (let number = 0; number < 200; number += 1) {
      for (let line = 0; line < 100; line += 1) log('info', 'fill', { text: 'x'.repeat(400) });
      await flush();
    }
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['main.log', 'main.log.1', 'main.log.2']);
    for (const name of files)
      expect(statSync(path.join(folder, name)).size).toBeLessThanOrEqual(1024 * 1024 + 100_000);
  });

  it('is readable by its owner only', async () => {
    const { log, flush, file } = openLogFile(path.join(folder, 'logs'));
    log('info', 'start');
    await flush();
    expect(statSync(file).mode & 0o077).toBe(0);
  });
});
