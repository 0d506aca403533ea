/** `npm run bench -- NAME [--json] [--only PART,PART]`: runs one bench, or parts of it. The last line of standard output is one JSON object. */
import { benchAdd } from './add.ts';
import { benchAgent } from './agent.ts';
import { benchAllocator } from './allocator.ts';
import { benchFlood } from './flood.ts';
import { benchJourney } from './journey.ts';
import { benchLoop } from './loop.ts';
import type { BenchReport } from './report.ts';

type Bench = {
  readonly about: string;
  /** `say` is for progress; it goes to standard error. */
  readonly run: (say: (line: string) => void, only: readonly string[]) => Promise<BenchReport>;
};

const benches: Readonly<Record<string, Bench>> = {
  agent: {
    about: 'cost with ten tasks, speed of starts, and 5 minutes of kill -9 (MESOLITE_CHAOS_S)',
    run: benchAgent,
  },
  add: {
    about: 'adding a machine by password in the virtual LAN: median of five, and each step',
    run: benchAdd,
  },
  flood: {
    about: 'floods of output: how far over the cap of a log, and what a start costs meanwhile',
    run: benchFlood,
  },
  journey: {
    about: 'how long the main process is blocked in the journey of the end-to-end test, three times',
    run: benchJourney,
  },
  allocator: {
    about: 'cycles, curve, placements, updates, restart of a big cluster; --only names some of them',
    run: benchAllocator,
  },
  loop: {
    about: 'how long a turn of the master holds the process at 50 machines and 5,000 tasks',
    run: benchLoop,
  },
};

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const isJson = words.includes('--json');
  const onlyAt = words.indexOf('--only');
  const only = onlyAt < 0 ? [] : (words.splice(onlyAt, 2)[1]?.split(',') ?? []);
  const name = words.find((word) => !word.startsWith('--'));
  const bench = name === undefined ? undefined : benches[name];
  if (bench === undefined) {
    for (const [known, { about }] of Object.entries(benches))
      process.stderr.write(`${known.padEnd(10)} ${about}\n`);
    return 2;
  }
  const report = await bench.run((line) => process.stderr.write(`${line}\n`), only);
  if (!isJson) {
    for (const [key, value] of Object.entries(report))
      process.stdout.write(`${key.padEnd(20)} ${String(value)}\n`);
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
