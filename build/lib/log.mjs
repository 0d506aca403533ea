// One line a step: `ok  electron  up to date`. Everything the build scripts say goes through here.

/** A failure a person can act on: printed without a stack. */
export class Trouble extends Error {
  /** @param {string} message @param {string[]} [advice] lines that say what to do next */
  constructor(message, advice = []) {
    super(message);
    this.name = 'Trouble';
    this.advice = advice;
  }
}

/** @param {number} ms */
export function formatMs(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {string} mark @param {string} name @param {string} text */
export function stepLine(mark, name, text) {
  return `${mark.padEnd(6)}${name.padEnd(18)}${text}`.trimEnd();
}

/** @param {string} mark @param {string} name @param {string} text */
export function sayStep(mark, name, text) {
  process.stdout.write(`${stepLine(mark, name, text)}\n`);
}

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Prints why it failed and what to do, then gives the exit code. @param {unknown} error @returns {number} */
export function sayFailure(error) {
  if (error instanceof Trouble) {
    process.stderr.write(`\n${error.message}\n${error.advice.map((line) => `  ${line}\n`).join('')}`);
  } else {
    process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  return 1;
}
