// `node build/lockfile.mjs`: fills the gaps that a registry without packages of other systems leaves in the lockfile.
import { readFileSync, writeFileSync } from 'node:fs';
import { fillGaps, findGaps } from './lib/lockfile.mjs';
import { say } from './lib/log.mjs';
import { inRoot } from './lib/paths.mjs';

const file = inRoot('package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const gaps = findGaps(lock.packages);
if (gaps.length > 0)
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: fillGaps(lock.packages) }, null, 2)}\n`);
say(`${gaps.length} gaps filled`);
