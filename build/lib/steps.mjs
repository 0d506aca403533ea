// Runs set-up steps and says each in one line with its time.
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

/**
 * Steps in a list of their own need nothing of each other and work beside each other, each with its own line once all are done.
 * @template C @param {(Step<C> | Step<C>[])[]} steps @param {C} context @param {{ quiet?: boolean, tell?: typeof sayStep }} [options]
 */
export async function runSteps(steps, context, options = {}) {
  for (const entry of steps) await runBeside([entry].flat(), context, options);
}

/** @template C @param {Step<C>[]} steps @param {C} context @param {{ quiet?: boolean, tell?: typeof sayStep }} options */
async function runBeside(steps, context, { quiet, tell = sayStep }) {
  /** @type {Step<C>[]} */
  const stale = [];
  for (const step of steps) {
    if (step.when && !step.when(context)) continue;
    const ready = await step.quick(context);
    if (ready === undefined) stale.push(step);
    else if (!quiet) tell('ok', step.name, ready);
  }
  if (stale.length === 0) return;
  const startedMs = performance.now();
  const stopTicking = tick(stale.map((step) => step.name).join(', '), startedMs);
  const ends = await Promise.allSettled(
    stale.map(async (step) => {
      const note = await step.work(context);
      const time = formatMs(performance.now() - startedMs);
      return note ? `${time}  ${note}` : time;
    }),
  );
  stopTicking();
  for (const [index, end] of ends.entries()) {
    const name = stale[index]?.name ?? '';
    if (end.status === 'fulfilled') tell('ok', name, end.value);
    else tell('FAIL', name, formatMs(performance.now() - startedMs));
  }
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
