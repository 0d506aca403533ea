/** Running the system's own tools (ip, nsenter, ssh-keygen). Imported by the rest of test/lan only. */
import { type ExecFileException, execFile, spawnSync } from 'node:child_process';

export type RunOptions = {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly capMs?: number;
};

export type RunResult = {
  /** -1 when it could not be started, or was ended by a signal or by the cap. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs to the end, whatever the exit code. */
export function exec(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        maxBuffer: MAX_OUTPUT_BYTES,
        timeout: options.capMs ?? 60_000,
        killSignal: 'SIGKILL',
        ...(options.env === undefined ? {} : { env: options.env }),
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => resolve(toResult(error, stdout, stderr)),
    );
    // A command may end without reading its input: the broken pipe is then no news.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

function toResult(error: ExecFileException | null, stdout: string, stderr: string): RunResult {
  if (error === null) return { code: 0, signal: null, stdout, stderr };
  const code = typeof error.code === 'number' ? error.code : -1;
  const why = code === -1 && stderr === '' ? error.message : stderr;
  return { code, signal: error.signal ?? null, stdout, stderr: why };
}

/** Runs to the end and throws unless it exited with 0. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await exec(command, args, options);
  if (result.code !== 0) {
    throw new Error(`${command} ${args.join(' ')}: exit ${result.code}: ${result.stderr.trim()}`);
  }
  return result.stdout;
}

/** For the teardown, which also runs in exit handlers, where nothing asynchronous is waited for. */
export function trySync(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}
