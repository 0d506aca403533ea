// When the bytes of a log were written, asked for by ranges of what is looked at and remembered. Times come to 0.1 s.
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { call, drop } from '../../bridge/bridge.ts';

type Mark = { readonly offset: number; readonly atMs: number };
type Block = { readonly marks: readonly Mark[]; readonly knownTo: number; readonly askedAtMs: number };

const blockBytes = 256 * 1024;
/** The agent tells at most this many; then it is asked for the rest. */
const marksMost = 4096;
const againAfterMs = 1000;

export class LogTimes {
  readonly #taskId: TaskId;
  readonly #file: LogFile;
  readonly #clock: () => number;
  readonly #blocks = new Map<number, Block>();
  readonly #asking = new Set<number>();
  /** How far into each block lines were on the screen. */
  readonly #wanted = new Map<number, number>();
  readonly #listeners = new Set<() => void>();
  #version = 0;

  constructor(taskId: TaskId, file: LogFile, clock: () => number = () => performance.now()) {
    this.#taskId = taskId;
    this.#file = file;
    this.#clock = clock;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly getVersion = (): number => this.#version;

  /** When the line that begins here was begun; null while it is not known. */
  at(offset: number): number | null {
    const index = Math.floor(offset / blockBytes);
    const block = this.#blocks.get(index);
    if (block === undefined) return null;
    const mark = block.marks.findLast((each) => each.offset <= offset);
    return mark?.atMs ?? this.#blocks.get(index - 1)?.marks.at(-1)?.atMs ?? null;
  }

  /** Sees to it that the times of this range are known; asks at most once a second for what may have grown. */
  want(from: number, to: number): void {
    for (let index = Math.floor(from / blockBytes); index * blockBytes < to; index += 1) {
      const end = Math.min(to, (index + 1) * blockBytes);
      this.#wanted.set(index, Math.max(end, this.#wanted.get(index) ?? 0));
      this.#see(index);
    }
  }

  #see(index: number): void {
    const block = this.#blocks.get(index);
    if (this.#asking.has(index) || (block !== undefined && block.knownTo >= (this.#wanted.get(index) ?? 0)))
      return;
    this.#asking.add(index);
    const waitMs = block === undefined ? 0 : block.askedAtMs + againAfterMs - this.#clock();
    const ask = () => drop(this.#ask(index), 'times are an extra: without them the log reads as before');
    if (waitMs <= 0) ask();
    else setTimeout(ask, waitMs);
  }

  /** Always of the whole block: lines beside the one that asked want theirs as well. */
  async #ask(index: number): Promise<void> {
    const to = (index + 1) * blockBytes;
    const knownTo = this.#wanted.get(index) ?? to;
    const askedAtMs = this.#clock();
    let marks: readonly Mark[] = [];
    let from = index * blockBytes;
    for (;;) {
      const answer = await call('log:times', { taskId: this.#taskId, file: this.#file, from, to });
      if (!answer.ok) break;
      const { times } = answer.value;
      marks = [...marks, ...times];
      const last = times.at(-1);
      if (times.length < marksMost || last === undefined || last.offset <= from) break;
      from = last.offset;
    }
    this.#asking.delete(index);
    this.#blocks.set(index, { marks, knownTo, askedAtMs });
    this.#version += 1;
    for (const listener of this.#listeners) listener();
    this.#see(index);
  }
}
