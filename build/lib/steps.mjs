// Runs set-up steps one after the other and says each in one line with its time.
import { formatMs, sayStep } from './log.mjs';

/**
 * A step looks first and works only when something is missing.
 * `quick` answers at once: what is there ("up to date" plus a note), or undefined when there is work.
 * @template C
 * @typedef {{ name: string, when?: (context: C) => boolean | undefined, quick: (context: C) => string | undefined | Promise<string | undefined>,
 *   work: (context: C) => Promise<string | void> }} Step
 */

/** @template C @param {Step<C>[]} steps @param {C} context @param {{ quiet?: boolean, tell?: typeof sayStep }} [options] */
export async function runSteps(steps, context, options = {}) {
  const tell = options.tell ?? sayStep;
  for (const step of steps) {
    if (step.when && !step.when(context)) continue;
    const ready = await step.quick(context);
    if (ready !== undefined) {
      if (!options.quiet) tell('ok', step.name, ready);
      continue;
    }
    const startedMs = performance.now();
    try {
      const note = await step.work(context);
      const time = formatMs(performance.now() - startedMs);
      tell('ok', step.name, note ? `${time}  ${note}` : time);
    } catch (error) {
      tell('FAIL', step.name, formatMs(performance.now() - startedMs));
      throw error;
    }
  }
}
