// `npm run check`: everything that can be known without running the app. `npm run check -- lint types` runs only those.
import { runStages, summary } from './check/pool.mjs';
import { stages } from './check/stages.mjs';
import { ensure } from './lib/ensure.mjs';
import { formatMs, say, sayFailure } from './lib/log.mjs';

const LIMIT = 2; // each stage uses several cores already

/** @param {string[]} names @returns {Promise<number>} the exit code */
async function main(names) {
  const unknown = names.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    say(`no stage ${unknown.join(', ')}; there are: ${stages.map((stage) => stage.name).join(', ')}`);
    return 2;
  }
  const startedMs = performance.now();
  await ensure({ sqlite: true, quiet: true });
  const chosen = names.length > 0 ? stages.filter((stage) => names.includes(stage.name)) : stages;
  const failed = await runStages(chosen, LIMIT);
  say(`      ${formatMs(performance.now() - startedMs)}`);
  say(summary(failed, chosen.length));
  return failed.length > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => process.exit(sayFailure(error)),
);
