/** The real agent, idle, with one master connected that takes a sample each second. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../../electron/adapters/agentlink/session.ts';
import { socketPlace } from '../../electron/adapters/system/local-agent.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import { builtAgent } from '../lan/built-agent.ts';
import { pause } from '../support/wait.ts';
import type { BenchReport } from './report.ts';
import { rounded } from './statistics.ts';

const settleMs = 5000;
const measureMs = 30_000;

export async function benchAgent(say: (line: string) => void): Promise<BenchReport> {
  const binary = await builtAgent();
  const folder = mkdtempSync(join(tmpdir(), 'mesolite-bench-'));
  const dir = join(folder, 'mesolite');
  execFileSync(binary, ['daemon', '--dir', dir]);
  try {
    const pid = Number(
      JSON.parse(execFileSync(binary, ['status', '--json', '--dir', dir], { encoding: 'utf8' })).pid,
    );
    const counted = await subscribe(dir);
    say(`agent ${pid}: settling ${settleMs / 1000} s, then measuring ${measureMs / 1000} s`);
    await pause(settleMs);
    const [fromSamples, fromNs, fromMs] = [counted.samples, cpuNs(pid), performance.now()];
    await pause(measureMs);
    const seconds = (performance.now() - fromMs) / 1000;
    const report = {
      fileMb: rounded(statSync(binary).size / 1e6, 2),
      idleRssMb: rounded(residentKib(pid) / 1024, 2),
      idleCpuPct: rounded(((cpuNs(pid) - fromNs) / 1e9 / seconds) * 100, 3),
      samples: counted.samples - fromSamples,
      seconds: rounded(seconds, 1),
    };
    counted.close();
    return report;
  } finally {
    execFileSync(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function subscribe(dir: string): Promise<{ readonly samples: number; close(): void }> {
  const place = socketPlace(dir);
  const stream = connect({ path: place.path });
  await new Promise((resolve, reject) => stream.once('connect', resolve).once('error', reject));
  place.release();
  let samples = 0;
  const session = new Session({
    stream,
    hasPreamble: false,
    handlers: {
      heard: () => {},
      odd: () => {},
      closed: () => {},
      event: (event) => {
        if (event.event === 'sample') samples += 1;
      },
    },
  });
  const identity = { masterId: 'master-bench' as MasterId, epoch: 1, appVersion: 'bench', takeOver: false };
  const hello = await session.hello(identity);
  if (!hello.ok) throw new Error(hello.refusal.detail);
  await session.call('sample.subscribe', { everyMs: 1000 });
  return {
    get samples() {
      return samples;
    },
    close: () => session.close(),
  };
}

/**
 * Time on a CPU, of all threads. Not from /proc/PID/stat: where the kernel counts by clock ticks, bursts shorter than a
 * tick (all of ours) mostly count as nothing.
 */
function cpuNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const onCpu = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0];
    return sum + Number(onCpu);
  }, 0);
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
