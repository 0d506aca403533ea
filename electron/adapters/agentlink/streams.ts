// The byte streams of one conversation: those that come (logs, files of sandboxes) with the credit they were given, and
// those that go (uploads) with the credit they got. The session owns both and tells them what it hears.
import { initialCreditBytes, maxDataBytes } from '../../contract/wire.ts';

/** Credit is sent in portions of this size, well inside the first window, so that a stream never stalls for it. */
const creditStepBytes = 64 * 1024;

export type StreamCause = 'finished' | 'closed' | 'removed' | 'lost';

/** Who takes in a stream. Bytes come in order; `offset` is where the piece begins in the file. */
export type LogSink = {
  readonly data: (offset: number, bytes: Uint8Array) => void;
  /** Called once, also after `close`. */
  readonly end: (cause: StreamCause) => void;
};

type Open = { offset: number; allowed: number; owed: number; readonly sink: LogSink };

export type IncomingWire = {
  readonly credit: (stream: number, bytes: number) => void;
  readonly close: (stream: number) => void;
};

export class Incoming {
  private readonly wire: IncomingWire;
  private readonly streams = new Map<number, Open>();

  constructor(wire: IncomingWire) {
    this.wire = wire;
  }

  open(id: number, offset: number, sink: LogSink): void {
    this.streams.set(id, { offset, allowed: initialCreditBytes, owed: 0, sink });
  }

  /** false: more came than was granted. A stream that we closed may still send what was under way. */
  take(id: number, bytes: Buffer): boolean {
    const open = this.streams.get(id);
    if (open === undefined) return true;
    if (bytes.length > open.allowed) return false;
    open.allowed -= bytes.length;
    const { offset } = open;
    open.offset += bytes.length;
    open.sink.data(offset, bytes);
    return true;
  }

  /** What was before this offset has been given back to the disk while it was read. */
  move(id: number, offset: number): void {
    const open = this.streams.get(id);
    if (open !== undefined) open.offset = offset;
  }

  credit(id: number, bytes: number): void {
    const open = this.streams.get(id);
    if (open === undefined) return;
    open.owed += bytes;
    if (open.owed < creditStepBytes) return;
    open.allowed += open.owed;
    this.wire.credit(id, open.owed);
    open.owed = 0;
  }

  close(id: number): void {
    const open = this.streams.get(id);
    if (open === undefined) return;
    this.streams.delete(id);
    this.wire.close(id);
    open.sink.end('closed');
  }

  end(id: number, cause: StreamCause): void {
    const open = this.streams.get(id);
    if (open === undefined) return;
    this.streams.delete(id);
    open.sink.end(cause);
  }

  endAll(): void {
    for (const id of [...this.streams.keys()]) this.end(id, 'lost');
  }
}

/** One upload. It never has more under way than the agent has granted, so memory stays at one window. */
export class Upload {
  readonly id: number;
  /** What an earlier, broken upload has left there. */
  readonly offset: number;
  private readonly send: (bytes: Uint8Array) => void;
  private allowed = initialCreditBytes;
  private isOver = false;
  private wake: (() => void) | null = null;

  constructor(
    opened: { readonly stream: number; readonly offset: number },
    send: (bytes: Uint8Array) => void,
  ) {
    this.id = opened.stream;
    this.offset = opened.offset;
    this.send = send;
  }

  /** How many bytes may be sent now: waits for the first of them. 0: the agent wants no more. */
  async room(): Promise<number> {
    while (this.allowed === 0 && !this.isOver) {
      await new Promise<void>((wake) => {
        this.wake = wake;
      });
    }
    return this.isOver ? 0 : Math.min(this.allowed, maxDataBytes);
  }

  write(bytes: Uint8Array): void {
    this.allowed -= bytes.length;
    this.send(bytes);
  }

  grant(bytes: number): void {
    this.allowed += bytes;
    this.goOn();
  }

  end(): void {
    this.isOver = true;
    this.goOn();
  }

  private goOn(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}
