// Loading as the thread of the loop does it: it asks for pieces, a few ahead of what it is busy with, and makes records of one
// after the other with a pause in between, so that nothing else of the process waits long. Beside it the file is checked.
import type { LoadedRows, StoreOutcome } from '../../core/kernel/ports.ts';
import { Assembly, type BadRow } from './assembly.ts';
import type { Notice, StoreProblem } from './open.ts';
import type { Adopted, Answers, Ask, OpenedFacts } from './thread-messages.ts';

/** The thread of the store. */
export interface Asking {
  ask<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>): Promise<StoreOutcome<Answers[K]>>;
}

/** So many pieces are on their way: enough work for the time the check takes, and no more memory than that. */
const ahead = 32;

type Read =
  | ({ readonly kind: 'good' } & ReturnType<Assembly['finish']>)
  | { readonly kind: 'bad'; readonly complaint: string };

/** `onAhead`: the first pieces were asked for; what is asked then is answered after those. */
async function readRows(
  thread: Asking,
  onRows: (rows: number) => void,
  onAhead: () => void = () => undefined,
): Promise<Read> {
  const asked = Array.from({ length: ahead }, () => thread.ask({ kind: 'read' }));
  onAhead();
  const assembly = new Assembly();
  let complaint: string | null = null;
  let rows = 0;
  for (let next = asked.shift(); next; next = asked.shift()) {
    const read = await next;
    if (!read.ok) complaint ??= read.why;
    // What was asked for ahead is still answered.
    if (complaint !== null || !read.ok || read.value === null) continue;
    asked.push(thread.ask({ kind: 'read' }));
    await new Promise((resolve) => setImmediate(resolve));
    try {
      assembly.take(read.value);
    } catch (error) {
      complaint = error instanceof Error ? error.message : String(error);
    }
    rows += read.value.rows;
    onRows(rows);
  }
  return complaint === null ? { kind: 'good', ...assembly.finish() } : { kind: 'bad', complaint };
}

type OpenedRows =
  | { readonly kind: 'opened'; readonly facts: OpenedFacts }
  | { readonly kind: 'problem'; readonly problem: StoreProblem };

/** Nothing of it is given away before SQLite has found the file sound and every row is checked. */
export async function openRows(
  thread: Asking,
  onRows: (rows: number) => void,
): Promise<StoreOutcome<OpenedRows>> {
  const opened = await thread.ask({ kind: 'open' });
  if (!opened.ok) return opened;
  if (opened.value.kind === 'problem') return { ok: true, value: opened.value };
  let check: Promise<StoreOutcome<string | null>> | undefined;
  let read = await readRows(thread, onRows, () => {
    check = thread.ask({ kind: 'check' });
  });
  const complaint = complaintOf(await check) ?? (read.kind === 'bad' ? read.complaint : null);
  const adopted = await thread.ask({ kind: 'adopt', complaint });
  if (!adopted.ok) return adopted;
  if (adopted.value.kind === 'problem') return { ok: true, value: adopted.value };
  if (adopted.value.isAnew) {
    await thread.ask({ kind: 'rewind' });
    read = await readRows(thread, onRows);
  }
  if (read.kind === 'good') return withFacts(thread, read, adopted.value.adopted);
  const given = await thread.ask({ kind: 'adopt', complaint: read.complaint });
  if (given.ok && given.value.kind === 'problem') return { ok: true, value: given.value };
  return { ok: false, why: read.complaint };
}

/** A file may be too damaged to be checked. */
function complaintOf(checked: StoreOutcome<string | null> | undefined): string | null {
  if (checked === undefined) return null;
  return checked.ok ? checked.value : checked.why;
}

type Good = Extract<Read, { kind: 'good' }>;

async function withFacts(
  thread: Asking,
  { rows, bad }: Good,
  { seq, notices, ...facts }: Adopted,
): Promise<StoreOutcome<OpenedRows>> {
  const setAside = await setRowsAside(thread, bad);
  if (!setAside.ok) return setAside;
  const all = [...notices, ...quarantineNotice(bad)];
  return { ok: true, value: { kind: 'opened', facts: { ...facts, notices: all, rows: { ...rows, seq } } } };
}

function setRowsAside(thread: Asking, bad: readonly BadRow[]): Promise<StoreOutcome<null>> {
  if (bad.length === 0) return Promise.resolve({ ok: true, value: null });
  return thread.ask({ kind: 'set-rows-aside', bad });
}

function quarantineNotice([first, ...others]: readonly BadRow[]): Notice[] {
  if (!first) return [];
  const rows = others.length > 0 ? `${others.length + 1} rows` : '1 row';
  const detail = `${rows} could not be read and were set aside, first ${first.table} ${first.id}`;
  return [{ id: 'store-failed', kind: 'store-failed', detail }];
}

/** Of a store that is in use: what it holds now. */
export async function loadRows(thread: Asking): Promise<StoreOutcome<LoadedRows>> {
  const seq = await thread.ask({ kind: 'rewind' });
  if (!seq.ok) return seq;
  const read = await readRows(thread, () => undefined);
  if (read.kind === 'bad') return { ok: false, why: read.complaint };
  const setAside = await setRowsAside(thread, read.bad);
  return setAside.ok ? { ok: true, value: { ...read.rows, seq: seq.value } } : setAside;
}
