// Reads what each test runner reports. A runner whose report cannot be read has failed, whatever its exit code says.

/**
 * @typedef {{ name: string, message: string }} Failure
 * @typedef {{ passed: number, failed: number, skipped: number, failures: Failure[] }} Counts
 */

const MESSAGE_LINES = 12;

/** @returns {Counts} */
export const noCounts = () => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character
const COLOUR = /\u001b\[[0-9;]*m/g;

/** @param {string} text */
const shorten = (text) =>
  text
    .replace(COLOUR, '')
    .trim()
    .split('\n')
    // Where the runner itself called is no news.
    .filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line))
    .slice(0, MESSAGE_LINES)
    .join('\n');

/** One line of `go test -json`. @typedef {{ Action: string, Package?: string, Test?: string, Output?: string }} GoEvent */

/** @param {string} text one JSON object a line; other lines (build errors) are ignored here @returns {GoEvent[]} */
function goEvents(text) {
  return text.split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });
}

/** @param {GoEvent} event */
const keyOf = (event) => (event.Test ? `${event.Package} ${event.Test}` : `${event.Package}`);

/** @param {GoEvent[]} events what each test or package printed @returns {Map<string, string>} */
function outputsOf(events) {
  const outputs = new Map();
  for (const event of events) {
    if (event.Action === 'output')
      outputs.set(keyOf(event), (outputs.get(keyOf(event)) ?? '') + (event.Output ?? ''));
  }
  return outputs;
}

/** Tests are counted by their leaves: a test with subtests is the sum of them. @param {string} text @returns {Counts} */
export function parseGo(text) {
  const events = goEvents(text);
  const outputs = outputsOf(events);
  const tests = events.filter((event) => event.Test);
  const parents = new Set(
    tests
      .map(keyOf)
      .flatMap((key) => (key.includes('/', key.indexOf(' ')) ? [key.slice(0, key.lastIndexOf('/'))] : [])),
  );
  const leaves = tests.filter((event) => !parents.has(keyOf(event)));
  const count = (/** @type {string} */ action) => leaves.filter((event) => event.Action === action).length;
  const failedTests = tests.filter((event) => event.Action === 'fail');
  const failedLeaves = leaves.filter((event) => event.Action === 'fail');
  // A package that fails without a failed test did not build, or its process died.
  const broken = events.filter(
    (event) =>
      event.Action === 'fail' && !event.Test && !failedTests.some((test) => test.Package === event.Package),
  );
  const failures = [...failedLeaves, ...broken].map((event) => ({
    name: keyOf(event),
    message: shorten(outputs.get(keyOf(event)) ?? ''),
  }));
  return { passed: count('pass'), failed: failures.length, skipped: count('skip'), failures };
}

/** @param {string} text vitest's JSON report (the shape is jest's) @returns {Counts} */
export function parseVitest(text) {
  const counts = noCounts();
  for (const file of JSON.parse(text).testResults ?? []) {
    const results = file.assertionResults ?? [];
    for (const result of results) {
      if (result.status === 'passed') counts.passed += 1;
      else if (result.status === 'failed') {
        counts.failed += 1;
        counts.failures.push({
          name: result.fullName,
          message: shorten((result.failureMessages ?? []).join('\n')),
        });
      } else counts.skipped += 1;
    }
    // A file that does not load has no results of its own.
    if (
      file.status === 'failed' &&
      !results.some((/** @type {{ status: string }} */ result) => result.status === 'failed')
    ) {
      counts.failed += 1;
      counts.failures.push({ name: file.name, message: shorten(file.message ?? '') });
    }
  }
  return counts;
}

/** @param {any} suite @returns {any[]} */
function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

/** @param {string} text Playwright's JSON report @returns {Counts} */
export function parsePlaywright(text) {
  const report = JSON.parse(text);
  const counts = noCounts();
  for (const spec of (report.suites ?? []).flatMap(specsOf)) {
    for (const test of spec.tests ?? []) {
      const results = test.results ?? [];
      if (test.status === 'expected') counts.passed += 1;
      else if (test.status === 'skipped') counts.skipped += 1;
      else {
        counts.failed += 1;
        const message = results
          .flatMap((/** @type {any} */ result) => (result.error ? [result.error.message ?? ''] : []))
          .join('\n');
        counts.failures.push({ name: `${spec.file}: ${spec.title}`, message: shorten(message) });
      }
    }
  }
  for (const error of report.errors ?? []) {
    counts.failed += 1;
    counts.failures.push({ name: 'playwright', message: shorten(error.message ?? '') });
  }
  return counts;
}

/** @param {Counts[]} all @returns {Counts} */
export function sum(all) {
  return {
    passed: all.reduce((total, counts) => total + counts.passed, 0),
    failed: all.reduce((total, counts) => total + counts.failed, 0),
    skipped: all.reduce((total, counts) => total + counts.skipped, 0),
    failures: all.flatMap((counts) => counts.failures),
  };
}

/** The very last line of a run. @param {Counts} counts */
export const summaryLine = (counts) =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
