// Runs a shell script on a machine over one exec channel with a constant command. The script and its arguments travel on
// standard input, so no login shell ever sees them; our own marker lines tell the answer from the noise of start files.
import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { SshConnection } from './connection.ts';
import { quote } from './words.ts';

const defaultTimeoutMs = 15_000;
const maxOutputBytes = 1 << 20;
const maxNoiseBytes = 64 * 1024;

export type ScriptRequest = {
  /** Readable POSIX shell; shown to the person as what we ran. Arguments are $1, $2, ... */
  readonly script: string;
  readonly args?: readonly string[];
  /** Sent after the script runs and has said `ready` (see `readyLine`); then standard input ends. */
  readonly input?: Buffer;
  readonly asRoot?: boolean;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
};

export type ScriptAnswer = {
  readonly code: number;
  /** What came between our markers. */
  readonly output: Buffer;
  readonly errors: string;
};

/**
 * A script that takes input calls this first: some shells read ahead on their standard input, so the bytes may only
 * follow when the whole script has been parsed.
 */
export const readyLine = 'say_ready';

export async function runScript(
  connection: SshConnection,
  request: ScriptRequest,
): Promise<Result<ScriptAnswer>> {
  if (request.signal.aborted) return refuse('conflict', 'cancelled', 'stopped before it began');
  const opened = await connection.exec(request.asRoot === true ? 'exec sudo -n sh -s' : 'exec sh -s');
  if (!opened.ok) return opened;
  const answer = await new Run(opened.value, request).wait();
  if (answer.ok || answer.refusal.code !== 'unreachable') return answer;
  // The connection knows better why it ended than the channel.
  const why = connection.whyEnded();
  return why === null ? answer : { ok: false, refusal: why };
}

/** Safe in any POSIX shell, whatever the text; the only place that quotes. */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a shell argument cannot hold NUL');
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

export function wrapScript(script: string, args: readonly string[], nonce: string): string {
  const head = args.length === 0 ? 'set --' : `set -- ${args.map(shellQuote).join(' ')}`;
  // One compound command: the shell has read all of it before any of it runs.
  return `{
LC_ALL=C; export LC_ALL
${head}
say_ready() { printf '\\n<mesolite-ready ${nonce}>\\n'; }
printf '\\n<mesolite-begin ${nonce}>\\n'
(
${script}
)
printf '\\n<mesolite-end ${nonce} %s>\\n' "$?"
exit
}
`;
}

class Run {
  private readonly channel: ClientChannel;
  private readonly request: ScriptRequest;
  private readonly nonce = randomBytes(9).toString('hex');
  private output: Buffer[] = [];
  private outputBytes = 0;
  private errors = '';
  private hasSentInput = false;
  private settle: (result: Result<ScriptAnswer>) => void = () => {};
  private result: Result<ScriptAnswer> | null = null;

  constructor(channel: ClientChannel, request: ScriptRequest) {
    this.channel = channel;
    this.request = request;
  }

  wait(): Promise<Result<ScriptAnswer>> {
    const { request, channel } = this;
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.stop(refuse('timeout', 'script-timeout', `no answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const onAbort = () => this.stop(refuse('conflict', 'cancelled', 'stopped while it ran'));
      request.signal.addEventListener('abort', onAbort, { once: true });
      this.settle = (result) => {
        clearTimeout(timer);
        request.signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      channel.on('data', (piece: Buffer) => this.onOutput(piece));
      channel.stderr.on('data', (piece: Buffer) => {
        if (this.errors.length < maxNoiseBytes) this.errors += piece.toString('utf8');
      });
      channel.on('error', () => {});
      // Both sides have closed: only now may the next channel be opened where MaxSessions is 1.
      channel.on('close', () => this.finish());
      channel.write(wrapScript(request.script, request.args ?? [], this.nonce));
      if (request.input === undefined) channel.end();
    });
  }

  private onOutput(piece: Buffer): void {
    if (this.result !== null) return;
    this.outputBytes += piece.length;
    if (this.outputBytes > maxOutputBytes + maxNoiseBytes) {
      return this.stop(refuse('exhausted', 'answer-too-long', `more than ${maxOutputBytes} bytes`));
    }
    this.output.push(piece);
    const { input } = this.request;
    if (input === undefined || this.hasSentInput) return;
    if (!Buffer.concat(this.output).includes(`<mesolite-ready ${this.nonce}>\n`)) return;
    this.hasSentInput = true;
    void this.sendInput(input);
  }

  private async sendInput(input: Buffer): Promise<void> {
    // Encrypting is done in the main process: in small pieces, and others have their turn between them.
    const step = 64 * 1024;
    for (let at = 0; at < input.length && this.result === null; at += step) {
      const piece = input.subarray(at, at + step);
      await new Promise<void>((resolve) => {
        const done = () => {
          this.channel.off('close', done);
          resolve();
        };
        this.channel.once('close', done);
        this.channel.write(piece, done);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.result === null) this.channel.end();
  }

  /** Ends it from our side. The channel is closed; a hung command on the machine then gets SIGHUP or EPIPE. */
  private stop(result: { ok: false; refusal: Refusal }): void {
    if (this.result !== null) return;
    this.result = result;
    this.channel.close();
    this.settle(result);
  }

  private finish(): void {
    if (this.result !== null) return;
    this.result = this.read();
    this.settle(this.result);
  }

  private read(): Result<ScriptAnswer> {
    const all = Buffer.concat(this.output);
    const begin = `\n<mesolite-begin ${this.nonce}>\n`;
    const from = all.indexOf(begin);
    if (from < 0) return this.neverBegan(all);
    const endAt = all.lastIndexOf(`\n<mesolite-end ${this.nonce} `);
    if (endAt < 0) {
      const said = quote(`${all.toString('utf8', from + begin.length)} ${this.errors}`);
      return refuse('unreachable', 'connection-reset', `the command was cut off; it said ${said}`);
    }
    const tail = /^\n<mesolite-end \S+ (\d+)>/.exec(all.toString('latin1', endAt, endAt + 80));
    let output = all.subarray(from + begin.length, endAt);
    const ready = Buffer.from(`\n<mesolite-ready ${this.nonce}>\n`);
    const readyAt = output.indexOf(ready);
    if (readyAt >= 0) {
      output = Buffer.concat([output.subarray(0, readyAt), output.subarray(readyAt + ready.length)]);
    }
    return ok({ code: Number(tail?.[1] ?? 255), output, errors: this.errors });
  }

  /** No shell read our script: nologin, a forced command, sudo that wants a password, a broken start file. */
  private neverBegan(noise: Buffer): Result<ScriptAnswer> {
    const said = `${noise.toString('utf8')} ${this.errors}`.trim();
    const words = said === '' ? 'it ended without a word' : `it said ${quote(said)}`;
    if (/password (has )?expired|password change required|change your password/i.test(said)) {
      return refuse('unauthorized', 'password-expired', words);
    }
    if (this.request.asRoot === true) return refuse('unauthorized', 'sudo-refused', words);
    return refuse('unsupported', 'shell-refused', words);
  }
}
