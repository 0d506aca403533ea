/**
 * An agent that speaks the real protocol and only pretends to run things. It passes the same conformance suite as the
 * real one (agent-conformance.ts). It knows a few command lines: `echo WORDS`, `echo WORDS > FILE`, `exit N`, `sleep N`,
 * `yes N` (N bytes).
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { TaskInfo, TaskState, TaskStatus } from '../../electron/contract/task.ts';
import { type AgentTask, attachPreamble, type Keeping, wireVersion } from '../../electron/contract/wire.ts';
import { FakeConnection } from './fake-agent-connection.ts';
import { FakeCache, type FakeSandbox, Refused } from './fake-agent-files.ts';
import { duplexPair } from './fake-agent-parts.ts';

export type FakeTask = {
  info: TaskInfo;
  statuses: TaskStatus[];
  unacked: TaskStatus[];
  startedAtMs: number;
  endedAtMs: number | null;
  files: { stdout: Buffer; stderr: Buffer };
  sandbox: FakeSandbox;
  restarts: number;
  /** Between two runs. */
  timer: NodeJS.Timeout | null;
};
type Lease = { masterId: string; epoch: number };
type End = { readonly state: TaskState; readonly message: string; readonly exitCode: number | null };

/** The state of a daemon; connections come and go. */
export class FakeAgent {
  readonly agentId = `a-${randomBytes(6).toString('hex')}`;
  readonly incarnation = randomBytes(6).toString('hex');
  readonly tasks = new Map<string, FakeTask>();
  readonly killed = new Set<string>();
  readonly calls: string[] = [];
  readonly cache = new FakeCache();
  keeping: Keeping | null = null;
  lease: Lease | null = null;
  holder: FakeConnection | null = null;
  /** Answers nothing any more, like a stopped process. */
  isWedged = false;
  sampleEveryMs: number | null = null;
  isShutDown = false;
  pageSize = 500;
  restartDelayMs = 20;

  /** Serves one connection; returns our end's counterpart for the master. */
  connect(options: { preamble?: boolean; noise?: string } = {}): Duplex {
    const [mine, theirs] = duplexPair();
    this.serve(mine, options);
    return theirs;
  }

  serve(stream: Duplex, options: { preamble?: boolean; noise?: string } = {}): void {
    if (options.noise !== undefined) stream.write(options.noise);
    if (options.preamble === true) stream.write(attachPreamble);
    new FakeConnection(this, stream).start();
  }

  status(task: FakeTask, end: End, more: Partial<TaskStatus> = {}): void {
    const { state, message, exitCode } = end;
    const status: TaskStatus = {
      taskId: task.info.taskId,
      state,
      source: 'SOURCE_AGENT',
      reason: null,
      message,
      timestampMs: Date.now(),
      uuid: randomBytes(16).toString('hex'),
      exitCode,
      signal: state === 'TASK_KILLED' ? 15 : null,
      ...(task.restarts > 0 ? { restarts: task.restarts } : {}),
      ...more,
    };
    task.statuses.push(status);
    task.unacked.push(status);
    if (task.unacked.length === 1) this.holder?.send({ v: wireVersion, event: 'status-update', status });
  }

  /** For good. */
  end(task: FakeTask, end: End): void {
    if (task.endedAtMs !== null) return;
    if (task.timer !== null) clearTimeout(task.timer);
    task.timer = null;
    task.endedAtMs = Date.now();
    this.status(task, end);
    this.holder?.pump();
  }

  kill(task: FakeTask): void {
    this.end(task, { state: 'TASK_KILLED', message: 'killed by signal 15 (TERM)', exitCode: null });
  }

  append(task: FakeTask, file: 'stdout' | 'stderr', bytes: Buffer): void {
    task.files[file] = Buffer.concat([task.files[file], bytes]);
    this.holder?.pump();
  }

  describe(task: FakeTask): AgentTask {
    const status = task.statuses.at(-1);
    if (status === undefined) throw new Error('a task has a status from its launch on');
    return { info: task.info, status, startedAtMs: task.startedAtMs, endedAtMs: task.endedAtMs };
  }

  /** Tasks in the order of their ids, as many as a frame holds. */
  page(after = ''): { tasks: AgentTask[]; more?: boolean } {
    const ids = [...this.tasks.keys()].filter((id) => id > after).sort();
    const tasks = ids.slice(0, this.pageSize).flatMap((id) => {
      const task = this.tasks.get(id);
      return task === undefined ? [] : [this.describe(task)];
    });
    return ids.length > this.pageSize ? { tasks, more: true } : { tasks };
  }

  launch(info: TaskInfo): void {
    const sandbox: FakeSandbox = new Map();
    for (const { url, sha256, path } of info.artifacts ?? []) {
      const bytes = sha256 === null ? undefined : this.cache.kept.get(sha256);
      if (url === null && bytes === undefined) {
        throw new Refused('not-found', 'artifact-missing', sha256 ?? '');
      }
      if (bytes) sandbox.set(path, bytes);
    }
    const task: FakeTask = {
      info,
      statuses: [],
      unacked: [],
      startedAtMs: Date.now(),
      endedAtMs: null,
      files: { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) },
      sandbox,
      restarts: 0,
      timer: null,
    };
    this.tasks.set(info.taskId, task);
    this.#run(task);
  }

  #run(task: FakeTask): void {
    this.status(task, { state: 'TASK_RUNNING', message: 'running', exitCode: null });
    const [verb = '', ...words] = task.info.command.value.split(' ');
    if (verb === 'echo') this.#echo(task, words);
    else if (verb === 'exit') this.#exit(task, Number(words[0] ?? 0));
    else if (verb === 'yes') {
      this.append(task, 'stdout', Buffer.alloc(Number(words[0]), 'y\n'));
      this.#exit(task, 0);
    } else if (verb !== 'sleep') {
      const message = `cannot start: ${verb}: no such file or directory`;
      this.#over(task, { state: 'TASK_FAILED', message, exitCode: null });
    }
  }

  #echo(task: FakeTask, words: readonly string[]): void {
    const at = words.indexOf('>');
    const bytes = Buffer.from(`${words.slice(0, at < 0 ? undefined : at).join(' ')}\n`);
    const file = at < 0 ? undefined : words[at + 1];
    if (file === undefined) this.append(task, 'stdout', bytes);
    else task.sandbox.set(file, bytes);
    this.#exit(task, 0);
  }

  #exit(task: FakeTask, code: number): void {
    const state = code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED';
    this.#over(task, { state, message: `exited with code ${code}`, exitCode: code });
  }

  /** One run has ended: another follows, or it is the end for good. */
  #over(task: FakeTask, end: End): void {
    const policy = task.info.restart;
    const comesBack = policy?.on === 'always' || (policy?.on === 'failure' && end.state === 'TASK_FAILED');
    if (!comesBack || task.restarts >= (policy?.maxInRow ?? Number.POSITIVE_INFINITY)) {
      this.end(task, end);
      return;
    }
    const next = { restarts: task.restarts, nextStartAtMs: Date.now() + this.restartDelayMs };
    this.status(task, { ...end, state: 'TASK_STARTING' }, next);
    task.timer = setTimeout(() => {
      task.timer = null;
      task.restarts += 1;
      this.#run(task);
    }, this.restartDelayMs);
  }
}
