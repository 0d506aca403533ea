/** A conversation with an agent under test: remembers what it was told, and acknowledges updates when asked to. */
import type { Duplex } from 'node:stream';
import { expect } from 'vitest';
import { Session } from '../../electron/adapters/agentlink/session.ts';
import type { LogSink, StreamCause, Upload } from '../../electron/adapters/agentlink/streams.ts';
import type { Refusal, Result } from '../../electron/contract/errors.ts';
import type { MasterId, TaskId } from '../../electron/contract/ids.ts';
import type { TaskInfo, TaskState } from '../../electron/contract/task.ts';
import type { EventMessage } from '../../electron/contract/wire.ts';
import { until } from './wait.ts';

export const conformanceMaster = (name = 'conformance', epoch = 5) => ({
  masterId: `master-${name}` as MasterId,
  epoch,
  appVersion: 'test',
  takeOver: false,
});

export function aTask(id: string, line: string, more: Partial<TaskInfo> = {}): TaskInfo {
  return {
    taskId: `t-${id}` as TaskId,
    name: id,
    resources: { cpusMilli: 10, memMib: 16, diskMib: 0, gpus: 0, ports: [] },
    command: { shell: true, value: line, arguments: [], environment: [], workingFolder: null, user: null },
    killPolicy: { graceMs: 500 },
    labels: [],
    ...more,
  };
}

export type Read = { text: string; cause: StreamCause; start: number };

export class Talk {
  readonly session: Session;
  readonly events: EventMessage[] = [];
  closed: Refusal | null = null;
  isAcknowledging = true;

  constructor(stream: Duplex, hasPreamble = false) {
    this.session = new Session({
      stream,
      hasPreamble,
      handlers: {
        heard: () => {},
        odd: (detail) => {
          throw new Error(`odd event: ${detail}`);
        },
        event: (event) => this.onEvent(event),
        closed: (refusal) => {
          this.closed = refusal;
        },
      },
    });
  }

  private onEvent(event: EventMessage): void {
    this.events.push(event);
    if (event.event !== 'status-update' || !this.isAcknowledging || event.status.uuid === null) return;
    const { taskId, uuid } = event.status;
    void this.session.call('update.ack', { taskId, uuid });
  }

  async launch(info: TaskInfo): Promise<void> {
    const answer = await this.session.call('task.launch', { info });
    expect(answer).toMatchObject({ ok: true });
  }

  states(taskId: TaskId): TaskState[] {
    return this.events.flatMap((event) =>
      event.event === 'status-update' && event.status.taskId === taskId ? [event.status.state] : [],
    );
  }

  async stateOf(
    taskId: TaskId,
    state: TaskState,
  ): Promise<Extract<EventMessage, { event: 'status-update' }>> {
    return until(
      () =>
        this.events.find(
          (event): event is Extract<EventMessage, { event: 'status-update' }> =>
            event.event === 'status-update' && event.status.taskId === taskId && event.status.state === state,
        ),
      { what: `${taskId} is ${state}` },
    );
  }

  /** The whole log, taken in with credit. */
  async log(taskId: TaskId, offset = 0, follow = false): Promise<Read> {
    return this.read((sink) => this.session.openLog({ taskId, file: 'stdout', offset, follow }, sink));
  }

  /** A file of the sandbox. */
  async file(taskId: TaskId, path: string, offset = 0): Promise<Read> {
    return this.read((sink) => this.session.openFile({ taskId, path, offset }, sink));
  }

  /** Sends bytes within the credit, from where the agent wants them, up to a place. */
  async send(upload: Upload, bytes: Buffer, end = bytes.length): Promise<void> {
    for (let at = upload.offset; at < end; ) {
      const room = await upload.room();
      if (room === 0) throw new Error('the agent wants no more');
      const piece = bytes.subarray(at, Math.min(end, at + room));
      upload.write(piece);
      at += piece.length;
    }
  }

  /** The whole of it; where the agent wanted it to begin. */
  async upload(bytes: Buffer, sha256: string): Promise<number> {
    const opened = await this.session.openUpload({ sha256, sizeBytes: bytes.length });
    if (!opened.ok) throw new Error(`${opened.refusal.reason}: ${opened.refusal.detail}`);
    await this.send(opened.value, bytes);
    expect(await this.session.finishUpload(opened.value)).toMatchObject({ ok: true });
    return opened.value.offset;
  }

  private async read(
    open: (sink: LogSink) => Promise<Result<{ startOffset: number; credit: (bytes: number) => void }>>,
  ): Promise<Read> {
    const pieces: Uint8Array[] = [];
    let cause: StreamCause | null = null;
    let give = (_bytes: number): void => {};
    const owed: number[] = [];
    const opened = await open({
      data: (_at, bytes) => {
        pieces.push(bytes);
        owed.push(bytes.length);
        give(bytes.length);
      },
      end: (ended) => {
        cause = ended;
      },
    });
    if (!opened.ok) throw new Error(`${opened.refusal.reason}: ${opened.refusal.detail}`);
    give = (bytes) => opened.value.credit(bytes);
    for (const bytes of owed) give(bytes);
    const ended = await until<StreamCause | null>(() => cause, { what: 'the stream ends' });
    return { text: Buffer.concat(pieces).toString(), cause: ended, start: opened.value.startOffset };
  }
}
