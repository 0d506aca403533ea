// `npm run check`: everything that can be known without running the app. `npm run check -- lint types` runs only those.

import { runStages, summary } from './check/pool.mjs';
import { stages } from './check/stages.mjs';
import { say } from './lib/log.mjs';

const LIMIT = 2; // each stage uses several cores already
const names = process.argv.slice(2);
const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  say(`no stage ${unknown.join(', ')}; there are: ${stages.map((stage) => stage.name).join(', ')}`);
  process.exit(2);
}
const chosen = names.length > 0 ? stages.filter((stage) => names.includes(stage.name)) : stages;
const failed = await runStages(chosen, LIMIT);
say(summary(failed, chosen.length));
process.exitCode = failed.length > 0 ? 1 : 0;
