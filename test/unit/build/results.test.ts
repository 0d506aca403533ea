import { describe, expect, it } from 'vitest';
import { parseGo, parsePlaywright, parseVitest, sum, summaryLine } from '../../../build/test/results.mjs';
import { choose, fuzzNames, stages } from '../../../build/test/stages.mjs';

const lines = (...events: object[]): string => events.map((event) => JSON.stringify(event)).join('\n');

describe('the report of go test', () => {
  it('counts the leaves of subtests and keeps what a failed one printed', () => {
    const text = lines(
      { Action: 'run', Package: 'p', Test: 'TestA' },
      { Action: 'run', Package: 'p', Test: 'TestA/one' },
      { Action: 'output', Package: 'p', Test: 'TestA/two', Output: '    x_test.go:3: boo\n' },
      { Action: 'pass', Package: 'p', Test: 'TestA/one' },
      { Action: 'fail', Package: 'p', Test: 'TestA/two' },
      { Action: 'fail', Package: 'p', Test: 'TestA' },
      { Action: 'skip', Package: 'p', Test: 'TestB' },
      { Action: 'fail', Package: 'p' },
    );
    expect(parseGo(text)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
      failures: [{ name: 'p TestA/two', message: 'x_test.go:3: boo' }],
    });
  });

  it('counts a package that did not build as one failure', () => {
    const text = `# p\nx.go:1: syntax error\n${lines(
      { Action: 'output', Package: 'p', Output: 'FAIL\tp [build failed]\n' },
      { Action: 'fail', Package: 'p' },
    )}`;
    expect(parseGo(text)).toMatchObject({ passed: 0, failed: 1, failures: [{ name: 'p' }] });
  });

  it('is empty for a run without tests', () => {
    expect(parseGo(lines({ Action: 'skip', Package: 'p' }))).toMatchObject({
      passed: 0,
      failed: 0,
      skipped: 0,
    });
  });
});

describe('the report of vitest', () => {
  it('counts results, and a file that does not load as a failure', () => {
    const report = {
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [
            { status: 'passed', fullName: 'a' },
            {
              status: 'failed',
              fullName: 'b',
              failureMessages: ['\u001b[31mno\u001b[39m\n    at f (/x/node_modules/a.js:1:1)'],
            },
            { status: 'pending', fullName: 'c' },
          ],
        },
        { name: 'broken.test.ts', status: 'failed', message: 'cannot load', assertionResults: [] },
      ],
    };
    expect(parseVitest(JSON.stringify(report))).toEqual({
      passed: 1,
      failed: 2,
      skipped: 1,
      failures: [
        { name: 'b', message: 'no' },
        { name: 'broken.test.ts', message: 'cannot load' },
      ],
    });
  });
});

describe('the report of Playwright', () => {
  it('walks nested suites and counts a flaky test as failed', () => {
    const spec = (title: string, status: string, message?: string) => ({
      title,
      file: 'a.spec.ts',
      tests: [{ status, results: message === undefined ? [] : [{ error: { message } }] }],
    });
    const report = {
      errors: [{ message: 'a worker died' }],
      suites: [
        {
          specs: [spec('opens', 'expected')],
          suites: [
            {
              specs: [
                spec('shows', 'unexpected', 'no window'),
                spec('flaps', 'flaky'),
                spec('later', 'skipped'),
              ],
            },
          ],
        },
      ],
    };
    const counts = parsePlaywright(JSON.stringify(report));
    expect(counts).toMatchObject({ passed: 1, failed: 3, skipped: 1 });
    expect(counts.failures[0]).toEqual({ name: 'a.spec.ts: shows', message: 'no window' });
  });
});

describe('the summary', () => {
  it('is one line with the sum of all stages', () => {
    const one = { passed: 2, failed: 1, skipped: 0, failures: [{ name: 'a', message: '' }] };
    expect(summaryLine(sum([one, { ...one, skipped: 4 }]))).toBe('4 passed, 2 failed, 4 skipped');
  });
});

describe('the words after npm test', () => {
  it('choose nothing away but what is on demand when there are none', () => {
    const always = stages.filter((stage) => !stage.isOnDemand);
    expect(choose([], stages)).toEqual({ stages: always, filters: [] });
    expect(stages.filter((stage) => stage.isOnDemand).map((stage) => stage.name)).toEqual([
      'containers',
      'vm',
    ]);
  });

  it('choose stages by name, and filter by file with the rest', () => {
    const { stages: chosen, filters } = choose(['unit', 'e2e', 'journey'], stages);
    expect(chosen.map((stage) => stage.name)).toEqual(['unit', 'e2e']);
    expect(filters).toEqual(['journey']);
  });

  it('leave out stages that cannot filter by file', () => {
    expect(choose(['journey'], stages).stages.map((stage) => stage.name)).not.toContain('go');
  });
});

it('fuzz targets are found by their names in the source', () => {
  expect(fuzzNames('func FuzzFrame(f *testing.F) {}\nfunc TestFuzzy(t *testing.T) {}\n')).toEqual([
    'FuzzFrame',
  ]);
});
