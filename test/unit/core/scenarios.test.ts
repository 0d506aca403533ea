import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../support/scenario.ts';

const folder = path.resolve(import.meta.dirname, '../../scenarios');
const files = fs.readdirSync(folder).filter((name) => name.endsWith('.txt'));

describe('golden scenarios', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(5);
  });

  it.each(files)('%s gives exactly the trace that was reviewed', (name) => {
    const file = path.join(folder, name);
    const text = fs.readFileSync(file, 'utf8');
    const now = replay(text);
    if (process.env['MESOLITE_UPDATE'] === '1') fs.writeFileSync(file, now);
    expect(process.env['MESOLITE_UPDATE'] === '1' ? now : text).toBe(now);
  });
});
