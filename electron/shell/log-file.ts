// The log of the main process: one line each, `time level verb key=value ...`, in a file of bounded size.
// Secrets never reach it: fields with a secret name are blanked, and values are cut and kept on one line.
import fs from 'node:fs';
import path from 'node:path';

export type Level = 'info' | 'warn' | 'error';
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;
export type Log = (level: Level, verb: string, fields?: Fields) => void;

export type LogFile = {
  readonly log: Log;
  readonly file: string;
  /** Waits until everything said so far is in the file. */
  readonly flush: () => Promise<void>;
  /** Last words of a dying process: whatever still waits is written at once. */
  readonly flushNow: () => void;
};

const maxFileBytes = 1024 * 1024;
const keptFiles = 3;
const maxValueChars = 500;
const maxWaitingLines = 10_000;
const secretName = /pass(word|phrase)?|secret|token|private/i;

export function formatLine(atMs: number, level: Level, verb: string, fields: Fields = {}): string {
  const words = [new Date(atMs).toISOString(), level, verb];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    words.push(`${name}=${secretName.test(name) ? '(hidden)' : formatValue(value)}`);
  }
  return words.join(' ');
}

function formatValue(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[\w.:/@+,-]+$/.test(value);
  return isPlain && value.length <= maxValueChars ? value : JSON.stringify(value.slice(0, maxValueChars));
}

export function openLogFile(folder: string, nowMs: () => number = Date.now): LogFile {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // Whoever needs the folder more than the log does will say so.
  }
  const file = path.join(folder, 'main.log');
  let sizeBytes = sizeOf(file);
  let waiting: string[] = [];
  let writing: Promise<void> | null = null;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const text = waiting.join('');
      waiting = [];
      try {
        if (sizeBytes > 0 && sizeBytes + text.length > maxFileBytes) {
          await rotate(file);
          sizeBytes = 0;
        }
        await fs.promises.appendFile(file, text, { mode: 0o600 });
        sizeBytes += Buffer.byteLength(text);
      } catch {
        // A full or vanished disk must not take the app down; the lines are lost.
      }
    }
    writing = null;
  };

  return {
    file,
    log: (level, verb, fields) => {
      if (waiting.length >= maxWaitingLines) waiting.shift();
      waiting.push(`${formatLine(nowMs(), level, verb, fields)}\n`);
      writing ??= writeAll();
    },
    flush: async () => {
      while (writing) await writing;
    },
    flushNow: () => {
      if (waiting.length === 0) return;
      try {
        fs.appendFileSync(file, waiting.join(''), { mode: 0o600 });
        waiting = [];
      } catch {
        // As above.
      }
    },
  };
}

function sizeOf(file: string): number {
  try {
    return fs.statSync(file).size;
  } catch {
    return 0;
  }
}

async function rotate(file: string): Promise<void> {
  for (let number = keptFiles - 1; number >= 1; number -= 1) {
    const from = number === 1 ? file : `${file}.${number - 1}`;
    await fs.promises.rename(from, `${file}.${number}`).catch(() => undefined);
  }
}
