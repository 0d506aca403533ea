/** Starts one of servers/ in a host's network: what is not sshd, or is a hostile one. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../support/wait.ts';

const MAIN = fileURLToPath(new URL('./servers/main.ts', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

export type ServerKind =
  /** Answers whatever comes with an HTTP error page. */
  | 'http'
  /** Accepts and never says a word. */
  | 'silent'
  /** Closes every connection at once. */
  | 'hang-up'
  /** Random bytes without end. */
  | 'garbage'
  /** Multicast DNS for a machine with SSH; `port` is its own, 5353. */
  | 'mdns'
  /** The same, over IPv6 alone. */
  | 'mdns6'
  /** An SSH server with a bad habit: see SshHabit. */
  | 'ssh';

export type SshHabit =
  | 'well-behaved'
  /** Only algorithms that nobody should accept any more. */
  | 'weak-algorithms'
  /** Asks for authentication and never answers it. */
  | 'auth-never-answers'
  /** Refuses every user, key and password. */
  | 'auth-refused'
  /** Ends the connection just after the login. */
  | 'drop-after-login'
  /** No command is ever started. */
  | 'exec-refused'
  /** The command starts and nothing ever comes. */
  | 'exec-silent'
  /** The command prints without end. */
  | 'exec-endless'
  /** The command ends without an exit code. */
  | 'exec-no-code';

export type ServeRequest = {
  readonly host: string;
  readonly port: number;
  readonly kind: ServerKind;
  readonly habit?: SshHabit;
};

export type Served = {
  readonly address: string;
  readonly port: number;
  /** What it has seen so far, one line each: `connect`, `auth METHOD USER`, `exec LINE`, `close`. */
  readonly seen: () => readonly string[];
  readonly stop: () => Promise<void>;
};

export async function serve(namespace: string, address: string, request: ServeRequest): Promise<Served> {
  const spec = JSON.stringify({
    kind: request.kind,
    habit: request.habit ?? 'well-behaved',
    port: request.port,
    host: request.host,
    address,
  });
  const args = ['netns', 'exec', namespace, process.execPath, '--import', 'tsx', MAIN, spec];
  // Its standard input is our life line: it ends when we do, however we end.
  const child = spawn('ip', args, { cwd: REPOSITORY, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let trouble = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    trouble += chunk.toString();
  });
  child.stdin.on('error', () => {});
  const hasEnded = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const seen = (): string[] => output.split('\n').slice(0, -1);
  try {
    await until(() => seen().includes('listening') || child.exitCode !== null, {
      what: `the ${request.kind} server listens on ${request.host}`,
      capMs: 20_000,
    });
    if (child.exitCode !== null) throw new Error(`the ${request.kind} server ended: ${trouble}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    address,
    port: request.port,
    seen: () => seen().filter((line) => line !== 'listening'),
    stop: async () => {
      child.kill('SIGKILL');
      await hasEnded;
    },
  };
}
