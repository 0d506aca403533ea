/**
 * An agent that speaks the real protocol and only pretends to run things. It passes the same conformance suite as the
 * real one (agent-conformance.ts). It knows a few command lines: `echo WORDS`, `exit N`, `sleep N`, `yes N` (N bytes).
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { encodeData, encodeJson, FrameDecoder } from '../../electron/adapters/agentlink/codec.ts';
import type { TaskInfo, TaskState, TaskStatus } from '../../electron/contract/task.ts';
import {
  type AgentTask,
  attachPreamble,
  callSchemas,
  initialCreditBytes,
  maxDataBytes,
  requestMessageSchema,
  wireVersion,
} from '../../electron/contract/wire.ts';
import { duplexPair, fakeFacts, fakeSample } from './fake-agent-parts.ts';

type FakeTask = {
  info: TaskInfo;
  statuses: TaskStatus[];
  unacked: TaskStatus[];
  startedAtMs: number;
  endedAtMs: number | null;
  files: { stdout: Buffer; stderr: Buffer };
};
type Stream = { task: FakeTask; file: 'stdout' | 'stderr'; at: number; until: number | null; credit: number };
type Lease = { masterId: string; epoch: number };

class Refused extends Error {
  readonly code: string;
  readonly reason: string;
  constructor(code: string, reason: string, detail: string) {
    super(detail);
    this.code = code;
    this.reason = reason;
  }
}

/** The state of a daemon; connections come and go. */
export class FakeAgent {
  readonly agentId = `a-${randomBytes(6).toString('hex')}`;
  readonly incarnation = randomBytes(6).toString('hex');
  readonly tasks = new Map<string, FakeTask>();
  readonly killed = new Set<string>();
  readonly calls: string[] = [];
  lease: Lease | null = null;
  holder: FakeConnection | null = null;
  /** Answers nothing any more, like a stopped process. */
  isWedged = false;
  sampleEveryMs: number | null = null;
  isShutDown = false;
  pageSize = 500;

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

  status(task: FakeTask, state: TaskState, message: string, exitCode: number | null): void {
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
    };
    task.statuses.push(status);
    task.unacked.push(status);
    if (task.unacked.length === 1) this.holder?.send({ v: wireVersion, event: 'status-update', status });
  }

  end(task: FakeTask, state: TaskState, message: string, exitCode: number | null): void {
    if (task.endedAtMs !== null) return;
    task.endedAtMs = Date.now();
    this.status(task, state, message, exitCode);
    this.holder?.pump();
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
    const task: FakeTask = {
      info,
      statuses: [],
      unacked: [],
      startedAtMs: Date.now(),
      endedAtMs: null,
      files: { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) },
    };
    this.tasks.set(info.taskId, task);
    this.status(task, 'TASK_RUNNING', 'running', null);
    const [verb = '', ...words] = info.command.value.split(' ');
    if (verb === 'echo') {
      this.append(task, 'stdout', Buffer.from(`${words.join(' ')}\n`));
      this.end(task, 'TASK_FINISHED', 'exited with code 0', 0);
    } else if (verb === 'exit') {
      const code = Number(words[0] ?? 0);
      this.end(task, code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED', `exited with code ${code}`, code);
    } else if (verb === 'yes') {
      this.append(task, 'stdout', Buffer.alloc(Number(words[0]), 'y\n'));
      this.end(task, 'TASK_FINISHED', 'exited with code 0', 0);
    } else if (verb !== 'sleep') {
      this.end(task, 'TASK_FAILED', `cannot start: ${verb}: no such file or directory`, null);
    }
  }
}

class FakeConnection {
  private readonly agent: FakeAgent;
  private readonly stream: Duplex;
  private readonly decoder = new FrameDecoder();
  private readonly streams = new Map<number, Stream>();
  private nextStream = 1;
  private hasHello = false;
  private sampler: NodeJS.Timeout | null = null;
  private seq = 0;

  constructor(agent: FakeAgent, stream: Duplex) {
    this.agent = agent;
    this.stream = stream;
  }

  start(): void {
    this.stream.on('data', (piece: Buffer) => {
      for (const frame of this.decoder.push(piece)) {
        if (frame.kind === 'json') this.onRequest(frame.value);
      }
      if (this.decoder.fault !== null) this.close();
    });
    this.stream.on('close', () => this.close());
    this.stream.on('end', () => this.close());
    this.stream.on('error', () => this.close());
  }

  send(message: unknown): void {
    if (!this.agent.isWedged && this.stream.writable) this.stream.write(encodeJson(message));
  }

  close(): void {
    if (this.sampler !== null) clearInterval(this.sampler);
    this.sampler = null;
    if (this.agent.holder === this) this.agent.holder = null;
    this.stream.end();
  }

  pump(): void {
    for (const [id, stream] of this.streams) this.pumpOne(id, stream);
  }

  private pumpOne(id: number, stream: Stream): void {
    const content = stream.task.files[stream.file];
    const end = Math.min(content.length, stream.until ?? content.length);
    while (stream.at < end && stream.credit > 0) {
      const size = Math.min(end - stream.at, stream.credit, maxDataBytes);
      if (!this.agent.isWedged)
        this.stream.write(encodeData(id, content.subarray(stream.at, stream.at + size)));
      stream.at += size;
      stream.credit -= size;
    }
    const isOver = stream.until === null ? stream.task.endedAtMs !== null : true;
    if (stream.at < end || !isOver) return;
    this.streams.delete(id);
    this.send({ v: wireVersion, event: 'stream-end', stream: id, cause: 'finished' });
  }

  private onRequest(value: unknown): void {
    const { id, call, params } = requestMessageSchema.parse(value);
    this.agent.calls.push(call);
    if (this.agent.isWedged) return;
    try {
      if (!this.hasHello && call !== 'hello')
        throw new Refused('invalid', 'hello-first', 'hello comes first');
      const result = this.answer(call, params);
      this.send({ v: wireVersion, id, result });
      if (call === 'hello') for (const task of this.agent.tasks.values()) this.resend(task);
      this.pump();
    } catch (error) {
      const known = error instanceof Refused ? error : new Refused('invalid', 'bad-params', String(error));
      this.send({
        v: wireVersion,
        id,
        error: { code: known.code, reason: known.reason, detail: known.message },
      });
    }
  }

  private resend(task: FakeTask): void {
    const [status] = task.unacked;
    if (status !== undefined) this.send({ v: wireVersion, event: 'status-update', status });
  }

  private answer(call: string, params: unknown): unknown {
    switch (call) {
      case 'hello':
        return this.hello(callSchemas.hello.parse(params));
      case 'sample.subscribe': {
        const { everyMs } = callSchemas['sample.subscribe'].parse(params);
        if (this.sampler !== null) clearInterval(this.sampler);
        const tell = () => {
          this.seq += 1;
          this.send({ v: wireVersion, event: 'sample', sample: fakeSample(this.seq) });
        };
        this.sampler = setInterval(tell, this.agent.sampleEveryMs ?? everyMs);
        tell();
        return {};
      }
      case 'log.open':
        return this.openLog(callSchemas['log.open'].parse(params));
      case 'stream.credit': {
        const { stream, bytes } = callSchemas['stream.credit'].parse(params);
        const open = this.streams.get(stream);
        if (open !== undefined) open.credit += bytes;
        return {};
      }
      case 'stream.close': {
        const { stream } = callSchemas['stream.close'].parse(params);
        if (this.streams.delete(stream)) {
          this.send({ v: wireVersion, event: 'stream-end', stream, cause: 'closed' });
        }
        return {};
      }
      case 'ping':
        return {};
      default:
        return this.answerTask(call, params);
    }
  }

  private answerTask(call: string, params: unknown): unknown {
    const { agent } = this;
    switch (call) {
      case 'task.launch': {
        const { info } = callSchemas['task.launch'].parse(params);
        if (agent.killed.has(info.taskId)) {
          throw new Refused('conflict', 'killed-before-launch', info.taskId);
        }
        if (!agent.tasks.has(info.taskId)) agent.launch(info);
        return { accepted: true };
      }
      case 'task.kill': {
        const { taskId } = callSchemas['task.kill'].parse(params);
        const task = agent.tasks.get(taskId);
        if (task === undefined) agent.killed.add(taskId);
        else agent.end(task, 'TASK_KILLED', 'killed by signal 15 (TERM)', null);
        return {};
      }
      case 'task.list':
        return agent.page(callSchemas['task.list'].parse(params).after);
      case 'task.forget':
        return this.forget(callSchemas['task.forget'].parse(params).taskId);
      case 'update.ack': {
        const { taskId, uuid } = callSchemas['update.ack'].parse(params);
        const task = agent.tasks.get(taskId);
        if (task?.unacked[0]?.uuid === uuid) {
          task.unacked.shift();
          this.resend(task);
        }
        return {};
      }
      case 'agent.shutdown':
        return this.shutDown(callSchemas['agent.shutdown'].parse(params));
      default:
        throw new Refused('unsupported', 'unknown-call', call);
    }
  }

  private hello(params: {
    version: number;
    versionMin: number;
    masterId: string;
    epoch: number;
    takeOver: boolean;
  }) {
    const { agent } = this;
    if (params.versionMin > wireVersion || params.version < wireVersion) {
      throw new Refused('unsupported', 'wire-version', `we speak ${wireVersion}`);
    }
    const { lease } = agent;
    if (lease !== null && lease.masterId !== params.masterId && !params.takeOver) {
      throw new Refused('conflict', 'lease-held', lease.masterId);
    }
    if (lease !== null && lease.masterId === params.masterId && params.epoch < lease.epoch) {
      throw new Refused('conflict', 'lease-old-epoch', `epoch ${lease.epoch}`);
    }
    agent.lease = { masterId: params.masterId, epoch: params.epoch };
    const old = agent.holder;
    agent.holder = this;
    old?.send({ v: wireVersion, event: 'lease-lost', holder: params.masterId });
    old?.close();
    agent.holder = this;
    this.hasHello = true;
    return {
      version: wireVersion,
      agentId: agent.agentId,
      agentVersion: 'fake',
      incarnation: agent.incarnation,
      facts: fakeFacts,
      resources: { cpusMilli: 4000, memMib: 8000, diskMib: 9000, gpus: 0, ports: [] },
      ...agent.page(),
    };
  }

  private openLog(params: { taskId: string; file: 'stdout' | 'stderr'; offset: number; follow: boolean }) {
    const task = this.agent.tasks.get(params.taskId);
    if (task === undefined) throw new Refused('not-found', 'task', params.taskId);
    const size = task.files[params.file].length;
    const at = params.offset < 0 ? Math.max(0, size + params.offset) : Math.min(params.offset, size);
    const id = this.nextStream;
    this.nextStream += 1;
    const until = params.follow ? null : size;
    this.streams.set(id, { task, file: params.file, at, until, credit: initialCreditBytes });
    return { stream: id, sizeBytes: size, startOffset: at };
  }

  private forget(taskId: string): object {
    const task = this.agent.tasks.get(taskId);
    if (task === undefined) throw new Refused('not-found', 'task', taskId);
    if (task.endedAtMs === null) throw new Refused('conflict', 'task-runs', taskId);
    if (task.unacked.length > 0) throw new Refused('conflict', 'update-unacknowledged', taskId);
    this.agent.tasks.delete(taskId);
    return {};
  }

  private shutDown(params: { tasks: 'keep' | 'stop'; onlyIfIdle: boolean }): object {
    const running = [...this.agent.tasks.values()].filter((task) => task.endedAtMs === null);
    if (params.onlyIfIdle && running.length > 0) {
      throw new Refused('conflict', 'tasks-run', `${running.length} tasks run`);
    }
    if (params.tasks === 'stop') {
      for (const task of running) this.agent.end(task, 'TASK_KILLED', 'killed by signal 15 (TERM)', null);
    }
    this.agent.isShutDown = true;
    setImmediate(() => this.close());
    return {};
  }
}
