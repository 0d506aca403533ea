// How long the main process was blocked: a probe that should come every 10 ms and measures how late it came. On a busy
// machine a probe is also late because others had the CPU, or because the thread that wakes Electron's timers had to
// wait while the main thread was idle. So two numbers are kept: `wall` is the whole delay; `own` is what our code caused:
// the time the main thread really ran (schedstat). While a hypervisor takes CPUs away, schedstat counts part of that as run
// (a profile of such delays shows V8 idle): those probes can tell nothing of our code and are kept apart, as `taken`.
// It waits for no disk: the store has a thread of its own.
// Only runs when asked for (tests, bench).
import fs from 'node:fs';
import path from 'node:path';
import type { Log } from './log-file.ts';

export type Blocking = {
  readonly probes: number;
  readonly wallMaxMs: number;
  readonly wallP99Ms: number;
  readonly ownMaxMs: number;
  readonly ownP99Ms: number;
  /** Probes during which a hypervisor took a CPU away, and the longest of them. In none of the other figures but `wall`. */
  readonly taken: number;
  readonly takenMaxMs: number;
  /** The worst ones, with when they were (ms since the measuring began). */
  readonly worst: readonly { readonly atMs: number; readonly wallMs: number; readonly ownMs: number }[];
};

const everyMs = 10;
const keptWorst = 10;
const longMs = 25;
/** Histogram of 1 ms buckets; what is longer falls into the last. */
const buckets = 2000;

export type BlockingProbe = {
  readonly read: () => Blocking;
  readonly reset: () => void;
  readonly stop: () => void;
};

type Tally = {
  probes: number;
  wall: Uint32Array;
  own: Uint32Array;
  wallMaxMs: number;
  ownMaxMs: number;
  taken: number;
  takenMaxMs: number;
  worst: Blocking['worst'][number][];
};

export type ProbeOptions = {
  /** Hears of every block worth a line in the log. */
  readonly onLong: (wallMs: number, ownMs: number) => void;
  readonly shares: () => Shares;
};

export function startBlockingProbe(options: ProbeOptions): BlockingProbe {
  let tally = freshTally();
  let startedMs = performance.now();
  let lastMs = startedMs;
  let last = options.shares();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const shares = options.shares();
    const wallMs = Math.max(0, nowMs - lastMs - everyMs);
    const ownMs = ownShare(wallMs, last, shares);
    if (shares.takenMs > last.takenMs) {
      countTaken(tally, wallMs);
    } else {
      if (ownMs >= longMs) options.onLong(round(wallMs), round(ownMs));
      count(tally, { atMs: Math.round(lastMs - startedMs), wallMs, ownMs });
    }
    lastMs = nowMs;
    last = shares;
  }, everyMs);
  return {
    read: () => summarize(tally),
    reset: () => {
      tally = freshTally();
      startedMs = performance.now();
      lastMs = startedMs;
      last = options.shares();
    },
    stop: () => clearInterval(timer),
  };
}

function freshTally(): Tally {
  return {
    probes: 0,
    wall: new Uint32Array(buckets),
    own: new Uint32Array(buckets),
    wallMaxMs: 0,
    ownMaxMs: 0,
    taken: 0,
    takenMaxMs: 0,
    worst: [],
  };
}

function countWall(tally: Tally, wallMs: number): void {
  tally.probes += 1;
  addTo(tally.wall, wallMs);
  tally.wallMaxMs = Math.max(tally.wallMaxMs, wallMs);
}

function countTaken(tally: Tally, wallMs: number): void {
  countWall(tally, wallMs);
  tally.taken += 1;
  tally.takenMaxMs = Math.max(tally.takenMaxMs, wallMs);
}

function count(tally: Tally, probe: Blocking['worst'][number]): void {
  countWall(tally, probe.wallMs);
  addTo(tally.own, probe.ownMs);
  tally.ownMaxMs = Math.max(tally.ownMaxMs, probe.ownMs);
  const least = tally.worst.at(-1);
  if (tally.worst.length < keptWorst || (least && probe.ownMs > least.ownMs)) {
    tally.worst = [...tally.worst, probe].sort((a, b) => b.ownMs - a.ownMs).slice(0, keptWorst);
  }
}

function addTo(histogram: Uint32Array, ms: number): void {
  const at = Math.min(buckets - 1, Math.floor(ms));
  histogram[at] = (histogram[at] ?? 0) + 1;
}

function summarize(tally: Tally): Blocking {
  return {
    probes: tally.probes,
    wallMaxMs: round(tally.wallMaxMs),
    wallP99Ms: percentile(tally.wall, tally.probes, 0.99),
    ownMaxMs: round(tally.ownMaxMs),
    ownP99Ms: percentile(tally.own, tally.probes - tally.taken, 0.99),
    taken: tally.taken,
    takenMaxMs: round(tally.takenMaxMs),
    worst: tally.worst.map((probe) => ({ ...probe, wallMs: round(probe.wallMs), ownMs: round(probe.ownMs) })),
  };
}

/** Upper edge of the bucket that holds the percentile. */
export function percentile(histogram: Uint32Array, total: number, share: number): number {
  let left = Math.ceil(total * share);
  for (let at = 0; at < histogram.length; at += 1) {
    left -= histogram[at] ?? 0;
    if (left <= 0) return at + 1;
  }
  return histogram.length;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Totals so far, in ms: CPU time of the main thread, its waiting for a CPU, and what a hypervisor took from all CPUs. */
export type Shares = { readonly ranMs: number; readonly queuedMs: number; readonly takenMs: number };

/** Steal in the line "cpu  ..." of /proc/stat, in hundredths of a second (proc_stat(5)). */
const stealField = 8;

/** Without schedstat (not Linux) all of a delay counts as ours. */
function readShares(): Shares {
  try {
    const [ran, queued] = fs.readFileSync('/proc/self/schedstat', 'utf8').split(' ').map(Number);
    const [all = ''] = fs.readFileSync('/proc/stat', 'utf8').split('\n', 1);
    return {
      ranMs: (ran ?? 0) / 1e6,
      queuedMs: (queued ?? 0) / 1e6,
      takenMs: Number(all.split(/ +/)[stealField] ?? 0) * 10,
    };
  } catch {
    return { ranMs: performance.now(), queuedMs: 0, takenMs: 0 };
  }
}

export function ownShare(wallMs: number, before: Shares, after: Shares): number {
  const ranMs = after.ranMs - before.ranMs;
  return Math.max(0, Math.min(ranMs, wallMs - (after.queuedMs - before.queuedMs)));
}

/** Keeps `main-metrics.json` in the data folder: each second and at the end. A touched `main-metrics.reset` starts anew. */
export function startMetrics(dataFolder: string, log: Log): { stop: () => void } {
  const onLong = (wallMs: number, ownMs: number): void => log('warn', 'main-blocked', { wallMs, ownMs });
  const probe = startBlockingProbe({ onLong, shares: readShares });
  const file = path.join(dataFolder, 'main-metrics.json');
  const resetFile = path.join(dataFolder, 'main-metrics.reset');
  const text = (): string =>
    JSON.stringify({ ...probe.read(), rssMib: Math.round(process.memoryUsage().rss / 1048576) });
  const write = async (): Promise<void> => {
    const wasAsked = await fs.promises.rm(resetFile).then(
      () => true,
      () => false,
    );
    if (wasAsked) probe.reset();
    await fs.promises.writeFile(`${file}.part`, text());
    await fs.promises.rename(`${file}.part`, file);
  };
  // The folder may be gone at the end of a test.
  const timer = setInterval(() => void write().catch(() => undefined), 1000);
  return {
    stop: () => {
      clearInterval(timer);
      probe.stop();
      fs.writeFileSync(file, text());
    },
  };
}
