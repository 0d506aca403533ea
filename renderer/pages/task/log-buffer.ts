// The newest part of a log, bounded in bytes and lines, as raw bytes with an index of line starts. Lines are decoded only
// when they are drawn or searched, so that 100 MB pass through without a copy of them staying behind.

export const logMaxBytes = 16 * 1024 * 1024;
/** Below what a browser can lay out in one scrolled box at 18 px a line. */
const logMaxLines = 1_000_000;
const chunkBytes = 64 * 1024;
const newline = 0x0a;

type Chunk = { readonly startAt: number; readonly bytes: Uint8Array; used: number };

export class LogBuffer {
  readonly #maxBytes: number;
  readonly #maxLines: number;
  #chunks: Chunk[] = [];
  /** Start of each line, in bytes since the first byte appended. Live entries are head..count. */
  #starts = new Float64Array(1024);
  #head = 0;
  #count = 1;
  #end = 0;
  #base = 0;
  #droppedLines = 0;

  constructor(maxBytes = logMaxBytes, maxLines = logMaxLines) {
    this.#maxBytes = maxBytes;
    this.#maxLines = maxLines;
  }

  /** Lines held. The last one may still grow; an empty last one does not count. */
  get lineCount(): number {
    const last = this.#starts[this.#count - 1] ?? 0;
    return this.#count - this.#head - (last === this.#end ? 1 : 0);
  }

  /** The last line has no newline yet. */
  get isLastGrowing(): boolean {
    return (this.#starts[this.#count - 1] ?? 0) !== this.#end;
  }

  /** Lines that were dropped at the front: the number of the first line held. */
  get firstLine(): number {
    return this.#droppedLines;
  }

  get droppedBytes(): number {
    return this.#starts[this.#head] ?? 0;
  }

  /** Bytes appended so far, also the dropped ones. */
  get totalBytes(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    this.#store(bytes);
    let at = bytes.indexOf(newline);
    while (at !== -1) {
      this.#pushStart(this.#end + at + 1);
      at = bytes.indexOf(newline, at + 1);
    }
    this.#end += bytes.length;
    this.#shrink();
  }

  /** Bytes of a line without its newline, at most `most` from its start. `index` counts from the first line held. */
  lineBytes(index: number, most = Number.MAX_SAFE_INTEGER): Uint8Array {
    const { from, to } = this.#range(index);
    return this.#slice(from, Math.min(to, from + most));
  }

  lineTail(index: number, most: number): Uint8Array {
    const { from, to } = this.#range(index);
    return this.#slice(Math.max(from, to - most), to);
  }

  lineLength(index: number): number {
    const { from, to } = this.#range(index);
    return to - from;
  }

  /** Where a line begins, in bytes since the first one appended. */
  lineStart(index: number): number {
    return this.#range(index).from;
  }

  /** The line that holds a byte, counted from the first line held; null when it is not held. */
  indexAt(position: number): number | null {
    if (position < this.droppedBytes || position >= this.#end) return null;
    let low = this.#head;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low - this.#head;
  }

  /** Whole text held, as bytes, from line `from` up to and with line `to`. */
  bytesOfLines(from: number, to: number): Uint8Array {
    return this.#slice(this.#range(from).from, this.#range(to).to);
  }

  #range(index: number): { readonly from: number; readonly to: number } {
    const from = this.#starts[this.#head + index] ?? this.#end;
    const isLast = this.#head + index + 1 >= this.#count;
    const to = isLast ? this.#end : (this.#starts[this.#head + index + 1] ?? this.#end) - 1;
    return { from, to: Math.max(from, to) };
  }

  #store(bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      let chunk = this.#chunks.at(-1);
      if (chunk === undefined || chunk.used === chunkBytes) {
        chunk = { startAt: this.#end + done, bytes: new Uint8Array(chunkBytes), used: 0 };
        this.#chunks.push(chunk);
      }
      const part = bytes.subarray(done, done + chunkBytes - chunk.used);
      chunk.bytes.set(part, chunk.used);
      chunk.used += part.length;
      done += part.length;
    }
  }

  #pushStart(at: number): void {
    if (this.#count === this.#starts.length) {
      const live = this.#count - this.#head;
      const room = live * 2 > this.#starts.length ? this.#starts.length * 2 : this.#starts.length;
      const next = new Float64Array(room);
      next.set(this.#starts.subarray(this.#head, this.#count));
      this.#starts = next;
      this.#head = 0;
      this.#count = live;
    }
    this.#starts[this.#count] = at;
    this.#count += 1;
  }

  /** Drops whole chunks at the front, and the lines that began in them. */
  #shrink(): void {
    while (this.#chunks.length > 1 && this.#end - this.#base > this.#maxBytes) {
      this.#chunks.shift();
      this.#base = this.#chunks[0]?.startAt ?? this.#end;
    }
    const old = this.#head;
    while (this.#head < this.#count - 1 && (this.#starts[this.#head] ?? 0) < this.#base) this.#head += 1;
    // One line larger than everything: it keeps its newest part.
    if ((this.#starts[this.#head] ?? 0) < this.#base) this.#starts[this.#head] = this.#base;
    const over = this.#count - this.#head - this.#maxLines;
    if (over > 0) this.#head += over;
    this.#droppedLines += this.#head - old;
  }

  #slice(from: number, to: number): Uint8Array {
    if (to <= from) return new Uint8Array(0);
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.startAt ?? 0) <= from) low = middle;
      else high = middle - 1;
    }
    const first = this.#chunks[low];
    if (first !== undefined && to <= first.startAt + first.used) {
      return first.bytes.subarray(from - first.startAt, to - first.startAt);
    }
    const whole = new Uint8Array(to - from);
    for (let i = low; i < this.#chunks.length; i += 1) {
      const chunk = this.#chunks[i];
      if (chunk === undefined || chunk.startAt >= to) break;
      const begin = Math.max(from, chunk.startAt);
      const end = Math.min(to, chunk.startAt + chunk.used);
      whole.set(chunk.bytes.subarray(begin - chunk.startAt, end - chunk.startAt), begin - from);
    }
    return whole;
  }
}
