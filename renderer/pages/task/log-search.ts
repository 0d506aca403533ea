// Search in a log that goes on growing: works in slices so that the window never waits, and only looks at new lines
// when it is asked again.
import type { LogBuffer } from './log-buffer.ts';
import { plainText } from './log-text.ts';

const matchesMost = 100_000;
/** A line is searched up to here; longer ones are rare and would hold up the rest. */
const lineMost = 65_536;

export class LogSearch {
  readonly query: string;
  readonly #wanted: string;
  /** Numbers of matching lines since the start of the log, ascending. */
  #matches: number[] = [];
  #next = 0;

  constructor(query: string) {
    this.query = query;
    this.#wanted = query.toLowerCase();
  }

  get matches(): readonly number[] {
    return this.#matches;
  }

  get isFull(): boolean {
    return this.#matches.length >= matchesMost;
  }

  /** Looks on for at most `budgetMs`; true when everything held was seen. A line that may still grow is seen later. */
  advance(buffer: LogBuffer, clock: () => number, budgetMs: number): boolean {
    const { firstLine } = buffer;
    const endLine = firstLine + buffer.lineCount;
    const growing = buffer.isLastGrowing ? endLine - 1 : -1;
    if (this.#next < firstLine) this.#next = firstLine;
    const stopAt = clock() + budgetMs;
    let looked = 0;
    while (this.#next < endLine && !this.isFull) {
      const text = plainText(buffer.lineBytes(this.#next - firstLine, lineMost)).toLowerCase();
      if (text.includes(this.#wanted) && this.#matches.at(-1) !== this.#next) this.#matches.push(this.#next);
      if (this.#next === growing) break;
      this.#next += 1;
      looked += 1;
      if (looked % 256 === 0 && clock() >= stopAt) return false;
    }
    this.#forget(firstLine);
    return true;
  }

  #forget(firstLine: number): void {
    let gone = 0;
    while (gone < this.#matches.length && (this.#matches[gone] ?? 0) < firstLine) gone += 1;
    if (gone > 0) this.#matches = this.#matches.slice(gone);
  }

  /** The match to jump to from a line; wraps around. */
  from(line: number, isForward: boolean): number | null {
    const { length } = this.#matches;
    if (length === 0) return null;
    const first = this.#matches[0] ?? null;
    const last = this.#matches[length - 1] ?? null;
    if (isForward) return this.#matches.find((match) => match > line) ?? first;
    return this.#matches.findLast((match) => match < line) ?? last;
  }
}

/** Where the query occurs in a text, without overlaps. */
export function occurrences(text: string, query: string): readonly number[] {
  if (query === '') return [];
  const found: number[] = [];
  const [haystack, needle] = [text.toLowerCase(), query.toLowerCase()];
  let at = haystack.indexOf(needle);
  while (at !== -1 && found.length < 1000) {
    found.push(at);
    at = haystack.indexOf(needle, at + needle.length);
  }
  return found;
}
