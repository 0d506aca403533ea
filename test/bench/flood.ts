/**
 * Tasks that write as fast as they can, into logs of 2, 16 and 64 MiB, in four ways (MESOLITE_FLOOD_S, 10 s each): how far
 * any log was over its cap at any sample, and what a start and a call cost meanwhile, beside the same without a flood.
 */

import { figure, goTest } from './go-test.ts';
import type { BenchReport } from './report.ts';
import { rounded } from './statistics.ts';

const caps = [2, 16, 64] as const;
const bytesPerKib = 1024;

export async function benchFlood(say: (line: string) => void): Promise<BenchReport> {
  say('one machine quiet, then twelve floods');
  const lines = (await goTest(['-run', '^$', '-bench', 'Flood', '-benchtime', '1x']))
    .split('\n')
    .filter((line) => line.startsWith('BenchmarkFlood/') && line.includes(' ns/op'));
  const of = (capMib: number): readonly string[] =>
    lines.filter((line) => new RegExp(`^BenchmarkFlood/${capMib}[#-]`).test(line));
  const most = (among: readonly string[], unit: string): number =>
    Math.max(...among.map((line) => figure(line, unit)));
  const floods = caps.flatMap(of);
  const report: Record<string, number> = {
    floods: floods.length,
    overMb: rounded((most(floods, 'over-KiB') * bytesPerKib) / 1e6, 3),
    quietStartP50Ms: most(of(0), 'start-p50-ms'),
    quietPingP99Ms: most(of(0), 'ping-p99-ms'),
    worstStartP50Ms: most(floods, 'start-p50-ms'),
    worstStartP99Ms: most(floods, 'start-p99-ms'),
    worstPingP50Ms: most(floods, 'ping-p50-ms'),
    worstPingP99Ms: most(floods, 'ping-p99-ms'),
  };
  for (const capMib of caps) report[`mbPerS${capMib}`] = rounded(most(of(capMib), 'MB/s'));
  return report;
}
