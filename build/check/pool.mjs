// Runs the stages of the check, a few at a time, and says each in one line when it ends.
import { formatMs, say, sayStep } from '../lib/log.mjs';

/**
 * What a stage found: nothing (`failures` empty) or the text a person has to read.
 * @typedef {{ failures: string, note?: string }} Finding
 * @typedef {{ name: string, run: () => Promise<Finding> }} Stage
 */

/** @param {Stage} stage @returns {Promise<Finding>} */
async function runStage(stage) {
  try {
    return await stage.run();
  } catch (error) {
    const advice = /** @type {{ advice?: string[] }} */ (error).advice ?? [];
    const text = error instanceof Error ? error.message : String(error);
    return { failures: [text, ...advice].join('\n') };
  }
}

/** @param {Stage[]} stages @param {number} limit @returns {Promise<string[]>} names of the failed */
export async function runStages(stages, limit) {
  const waiting = [...stages];
  /** @type {string[]} */
  const failed = [];
  const work = async () => {
    for (let stage = waiting.shift(); stage; stage = waiting.shift()) {
      const startedMs = performance.now();
      const { failures, note } = await runStage(stage);
      const time = formatMs(performance.now() - startedMs);
      sayStep(failures ? 'FAIL' : 'ok', stage.name, failures ? time : `${time.padEnd(9)}${note ?? ''}`);
      if (!failures) continue;
      failed.push(stage.name);
      say(failures.trimEnd().replaceAll(/^/gm, '      '));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, work));
  return failed;
}

/** The last line. @param {string[]} failed @param {number} count */
export function summary(failed, count) {
  if (failed.length === 0) return 'check: ok';
  return `check: ${failed.length} of ${count} failed (${failed.join(', ')})`;
}
