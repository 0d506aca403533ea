/** One connection to the fake agent: frames in, answers and streams out. */
import type { Duplex } from 'node:stream';
import { encodeData, encodeJson, FrameDecoder } from '../../electron/adapters/agentlink/codec.ts';
import {
  callSchemas,
  initialCreditBytes,
  maxDataBytes,
  requestMessageSchema,
  wireVersion,
} from '../../electron/contract/wire.ts';
import { type FakeUpload, listSandbox, Refused, resultsOf, searchLog } from './fake-agent-files.ts';
import { fakeFacts, fakeSample } from './fake-agent-parts.ts';
import type { FakeAgent, FakeTask } from './fake-wire-agent.ts';

type Stream = {
  readonly content: () => Buffer;
  readonly isOver: () => boolean;
  at: number;
  until: number | null;
  credit: number;
};

export class FakeConnection {
  private readonly agent: FakeAgent;
  private readonly stream: Duplex;
  private readonly decoder = new FrameDecoder();
  private readonly streams = new Map<number, Stream>();
  private readonly uploads = new Map<number, FakeUpload>();
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
        else this.onData(frame.stream, frame.bytes);
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
    const content = stream.content();
    const end = Math.min(content.length, stream.until ?? content.length);
    while (stream.at < end && stream.credit > 0) {
      const size = Math.min(end - stream.at, stream.credit, maxDataBytes);
      if (!this.agent.isWedged)
        this.stream.write(encodeData(id, content.subarray(stream.at, stream.at + size)));
      stream.at += size;
      stream.credit -= size;
    }
    const isOver = stream.until === null ? stream.isOver() : true;
    if (stream.at < end || !isOver) return;
    this.streams.delete(id);
    this.send({ v: wireVersion, event: 'stream-end', stream: id, cause: 'finished' });
  }

  /** Credit for what has been taken in, as the real one gives it. */
  private onData(id: number, bytes: Buffer): void {
    const upload = this.uploads.get(id);
    if (upload === undefined || this.agent.isWedged) return;
    this.agent.cache.take(upload, bytes);
    upload.credit += bytes.length;
    this.send({ v: wireVersion, event: 'stream-credit', stream: id, bytes: bytes.length });
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
        if (this.streams.delete(stream) || this.uploads.delete(stream)) {
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
        else agent.kill(task);
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
        return this.answerFiles(call, params);
    }
  }

  private answerFiles(call: string, params: unknown): unknown {
    switch (call) {
      case 'agent.configure':
        this.agent.keeping = callSchemas['agent.configure'].parse(params).keeping;
        return {};
      case 'log.times': {
        const { taskId, file, from } = callSchemas['log.times'].parse(params);
        const task = this.taskOf(taskId);
        return { times: from < task.files[file].length ? [{ offset: from, atMs: task.startedAtMs }] : [] };
      }
      case 'log.search': {
        const search = callSchemas['log.search'].parse(params);
        return searchLog(this.taskOf(search.taskId).files[search.file], search);
      }
      case 'sandbox.list': {
        const list = callSchemas['sandbox.list'].parse(params);
        return listSandbox(this.taskOf(list.taskId).sandbox, list);
      }
      case 'sandbox.open':
        return this.openFile(callSchemas['sandbox.open'].parse(params));
      case 'results.list': {
        const task = this.taskOf(callSchemas['results.list'].parse(params).taskId);
        if (task.endedAtMs === null) throw new Refused('not-found', 'results-not-yet', 'it runs');
        return resultsOf(task.sandbox, task.info.results ?? []);
      }
      case 'artifact.find':
        return this.agent.cache.find(callSchemas['artifact.find'].parse(params));
      case 'artifact.put': {
        const upload = this.agent.cache.put(callSchemas['artifact.put'].parse(params));
        const stream = this.nextStream;
        this.nextStream += 1;
        this.uploads.set(stream, upload);
        return { stream, offset: upload.bytes.length };
      }
      case 'artifact.done': {
        const { stream } = callSchemas['artifact.done'].parse(params);
        const upload = this.uploads.get(stream);
        if (upload === undefined) throw new Refused('not-found', 'stream', `${stream}`);
        this.uploads.delete(stream);
        this.agent.cache.done(upload);
        return {};
      }
      default:
        throw new Refused('unsupported', 'unknown-call', call);
    }
  }

  private taskOf(taskId: string): FakeTask {
    const task = this.agent.tasks.get(taskId);
    if (task === undefined) throw new Refused('not-found', 'task', taskId);
    return task;
  }

  private openFile({ taskId, path, offset }: { taskId: string; path: string; offset: number }) {
    const { sandbox } = this.taskOf(taskId);
    const file = sandbox.get(path);
    if (file === undefined && listSandbox(sandbox, { path }).entries.length === 0 && path !== '') {
      throw new Refused('not-found', 'no-such-file', path);
    }
    const content = file ?? Buffer.from(`a tar of ${path}`);
    const at = Math.min(offset, content.length);
    const stream = this.begin({
      content: () => content,
      isOver: () => true,
      at,
      until: content.length,
      credit: initialCreditBytes,
    });
    return { stream, sizeBytes: file ? content.length : null, startOffset: at };
  }

  private begin(stream: Stream): number {
    const id = this.nextStream;
    this.nextStream += 1;
    this.streams.set(id, stream);
    return id;
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
    const task = this.taskOf(params.taskId);
    const size = task.files[params.file].length;
    const at = params.offset < 0 ? Math.max(0, size + params.offset) : Math.min(params.offset, size);
    const stream = this.begin({
      content: () => task.files[params.file],
      isOver: () => task.endedAtMs !== null,
      at,
      until: params.follow ? null : size,
      credit: initialCreditBytes,
    });
    return { stream, sizeBytes: size, startOffset: at };
  }

  private forget(taskId: string): object {
    const task = this.taskOf(taskId);
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
      for (const task of running) this.agent.kill(task);
    }
    this.agent.isShutDown = true;
    setImmediate(() => this.close());
    return {};
  }
}
