// The port of a source: it runs until it has seen everything, or until it is told to stop, and never throws.
import type { Refusal } from '../../contract/errors.ts';
import type { RawSighting } from '../../core/discovery/sighting.ts';

/** What a source says; the search adds the source's name and the time, and cleans the rest. */
export type Seen = Omit<RawSighting, 'source' | 'atMs'>;

export interface Sink {
  seen(what: Seen): void;
  gone(key: string): void;
  progress(done: number, total: number): void;
}

/** null = everything was looked at. */
export type Source = (sink: Sink, signal: AbortSignal) => Promise<Refusal | null>;

/** Ends with the signal; also when that was given before. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** false = it was told to stop. */
export function waitFor(forMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const onAbort = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve(true);
    }, forMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
