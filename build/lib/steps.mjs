// Runs set-up steps one after the other and says each in one line with its time.
import { formatMs, sayStep, stepLine } from './log.mjs';

/**
 * A step looks first and works only when something is missing.
 * `quick` answers at once: what is there ("up to date" plus a note), or undefined when there is work.
 * @template C
 * @typedef {{ name: string, when?: (context: C) => boolean | undefined, quick: (context: C) => string | undefined | Promise<string | undefined>,
 *   work: (context: C) => Promise<string | void> }} Step
 */

/** In a terminal, shows that a long step is alive, on a line that its result replaces. @param {string} name @param {number} startedMs */
function tick(name, startedMs) {
  if (!process.stdout.isTTY) return () => {};
  const show = () =>
    process.stdout.write(
      `\r${stepLine('..', name, `${Math.round((performance.now() - startedMs) / 1000)} s`)}`,
    );
  show();
  const timer = setInterval(show, 1000);
  return () => {
    clearInterval(timer);
    process.stdout.write('\r\u001b[K');
  };
}

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
    const stopTicking = tick(step.name, startedMs);
    try {
      const note = await step.work(context);
      stopTicking();
      const time = formatMs(performance.now() - startedMs);
      tell('ok', step.name, note ? `${time}  ${note}` : time);
    } catch (error) {
      stopTicking();
      tell('FAIL', step.name, formatMs(performance.now() - startedMs));
      throw error;
    }
  }
}
