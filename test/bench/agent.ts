/**
 * The real agent: what it costs with ten running tasks and a master that takes a sample each second, how fast it starts
 * tasks against bare fork+exec in the same run (medians of five rounds), and what a loop of kill -9 under load leaves
 * (300 s; MESOLITE_CHAOS_S).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from '../../electron/adapters/agentlink/session.ts';
import { socketPlace } from '../../electron/adapters/system/local-agent.ts';
import type { MasterId } from '../../electron/contract/ids.ts';
import { builtAgent } from '../lan/built-agent.ts';
import { aTask } from '../support/agent-talk.ts';
import { pause, until } from '../support/wait.ts';
import { figure, goTest } from './go-test.ts';
import type { BenchReport } from './report.ts';
import { rounded } from './statistics.ts';

const settleMs = 5000;
const measureMs = 30_000;
const taskCount = 10;
const chaosSeconds = Number(process.env.MESOLITE_CHAOS_S ?? 300);

export async function benchAgent(say: (line: string) => void): Promise<BenchReport> {
  return {
    ...(await cost(say)),
    ...(await speed(say)),
    ...(await chaos(say)),
  };
}

async function cost(say: (line: string) => void): Promise<BenchReport> {
  const binary = await builtAgent();
  const folder = mkdtempSync(join(tmpdir(), 'mesolite-bench-'));
  const dir = join(folder, 'mesolite');
  execFileSync(binary, ['daemon', '--dir', dir]);
  try {
    const pid = Number(
      JSON.parse(execFileSync(binary, ['status', '--json', '--dir', dir], { encoding: 'utf8' })).pid,
    );
    const counted = await subscribe(dir);
    say(`agent ${pid}: idle for ${settleMs / 1000} s`);
    await pause(settleMs);
    const bare = { rss: residentKib(pid), pss: pssKib(pid) };
    await counted.start();
    say(`${taskCount} tasks: settling ${settleMs / 1000} s, then measuring ${measureMs / 1000} s`);
    await pause(settleMs);
    const [samples, bytes, ns, ms] = [counted.samples, counted.bytes, cpuNs(pid), performance.now()];
    await pause(measureMs);
    const seconds = (performance.now() - ms) / 1000;
    const more = counted.samples - samples;
    const shims = shimsIn(dir).reduce((sum, shim) => sum + pssKib(shim), 0);
    const report = {
      fileMb: rounded(statSync(binary).size / 1e6, 2),
      bareRssMb: rounded(bare.rss / 1024, 2),
      idleRssMb: rounded(residentKib(pid) / 1024, 2),
      idleCpuPct: rounded(((cpuNs(pid) - ns) / 1e9 / seconds) * 100, 3),
      perTaskPssMb: rounded((shims + Math.max(0, pssKib(pid) - bare.pss)) / 1024 / taskCount, 3),
      sampleBytes: rounded((counted.bytes - bytes) / more),
      samples: more,
    };
    counted.close();
    return report;
  } finally {
    execFileSync(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function speed(say: (line: string) => void): Promise<BenchReport> {
  say('short tasks against bare fork+exec, five rounds');
  const short = await goTest(['-run', '^$', '-bench', 'ShortTasks', '-benchtime', '3000x', '-count', '5']);
  say('starts, one at a time, five rounds');
  const start = await goTest(['-run', '^$', '-bench', 'Start$', '-benchtime', '500x', '-count', '5']);
  return {
    rateRatio: figure(short, 'ratio'),
    tasksPerS: rounded(figure(short, 'tasks/s')),
    barePerS: rounded(figure(short, 'bare/s')),
    startP50Ms: figure(start, 'p50-ms'),
    startP99Ms: figure(start, 'p99-ms'),
    toldP50Ms: figure(start, 'told-p50-ms'),
  };
}

async function chaos(say: (line: string) => void): Promise<BenchReport> {
  say(`kill -9 at random moments for ${chaosSeconds} s`);
  const text = await goTest(['-run', 'TestA1KillLoop'], { MESOLITE_CHAOS_S: String(chaosSeconds) });
  const found = /chaos (\{.*\})/.exec(text)?.[1];
  if (found === undefined) throw new Error(`the kill loop said nothing: ${text.slice(-2000)}`);
  return { chaosSeconds, ...(JSON.parse(found) as Record<string, number>) };
}

type Counted = {
  readonly samples: number;
  readonly bytes: number;
  /** Runs the tasks and waits until all of them do. */
  start(): Promise<void>;
  close(): void;
};

async function subscribe(dir: string): Promise<Counted> {
  const place = socketPlace(dir);
  const stream = connect({ path: place.path });
  await new Promise((resolve, reject) => stream.once('connect', resolve).once('error', reject));
  place.release();
  let samples = 0;
  let running = 0;
  const session = new Session({
    stream,
    hasPreamble: false,
    handlers: {
      heard: () => {},
      odd: () => {},
      closed: () => {},
      event: (event) => {
        if (event.event === 'sample') samples += 1;
        if (event.event !== 'status-update' || event.status.uuid === null) return;
        if (event.status.state === 'TASK_RUNNING') running += 1;
        void session.call('update.ack', { taskId: event.status.taskId, uuid: event.status.uuid });
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
    get bytes() {
      return stream.bytesRead;
    },
    start: async () => {
      for (let n = 0; n < taskCount; n++) {
        const answer = await session.call('task.launch', { info: aTask(`bench${n}`, 'exec sleep 600') });
        if (!answer.ok) throw new Error(answer.refusal.detail);
      }
      await until(() => running === taskCount, { what: 'all tasks run' });
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

/** Its share of memory: pages used by several count in parts. */
function pssKib(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

/** The shims of this agent: their command line names the sandbox. */
function shimsIn(dir: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words[0] === 'mesolite-shim' && words.some((word) => word.startsWith(dir)) ? [Number(name)] : [];
    } catch {
      return []; // it ended
    }
  });
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
