// Runs a program to its end, with a time-out and its output kept; nothing here goes through a shell.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { Trouble } from './log.mjs';

/**
 * @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, show?: 'all' | 'stderr' | 'none', onLine?: (line: string) => void,
 *   signal?: AbortSignal }} RunOptions
 * @typedef {{ code: number, output: string, stdout: string, timedOut: boolean, elapsedMs: number }} RunResult
 */

const live = new Set();
// A build script that is told to stop takes what it started along, by process group.
const stopAll = (/** @type {NodeJS.Signals} */ signal) => {
  for (const child of live) killTree(child, 'SIGTERM');
  process.exit(signal === 'SIGINT' ? 130 : 143);
};
/** Ends everything that still runs; for the end of a script that does not wait for it. */
export function stopRunning() {
  for (const child of live) killTree(child, 'SIGTERM');
}
let guarded = false;

/** For a script that handles signals itself from here on. */
export function leaveSignals() {
  guarded = true;
  process.off('SIGINT', stopAll);
  process.off('SIGTERM', stopAll);
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
export function killTree(child, signal) {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It ended in the meantime.
  }
}

/** @param {string} command @param {string[]} args @param {RunOptions} [options] @returns {Promise<RunResult>} */
export function run(command, args, options = {}) {
  if (!guarded) {
    guarded = true;
    process.once('SIGINT', stopAll);
    process.once('SIGTERM', stopAll);
  }
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    live.add(child);
    const parts = { all: '', out: '', rest: '', timedOut: false };
    const take = (/** @type {Buffer} */ data, /** @type {boolean} */ isOut) => {
      const text = data.toString();
      parts.all += text;
      if (isOut) parts.out += text;
      if (options.show === 'all' || (options.show === 'stderr' && !isOut)) process.stdout.write(text);
      if (options.onLine && isOut) {
        const lines = (parts.rest + text).split('\n');
        parts.rest = lines.pop() ?? '';
        for (const line of lines) options.onLine(line);
      }
    };
    child.stdout.on('data', (data) => take(data, true));
    child.stderr.on('data', (data) => take(data, false));
    const stop = () => {
      killTree(child, 'SIGTERM');
      setTimeout(() => killTree(child, 'SIGKILL'), 5000).unref();
    };
    const timer = options.timeoutMs
      ? setTimeout(() => {
          parts.timedOut = true;
          stop();
        }, options.timeoutMs)
      : undefined;
    options.signal?.addEventListener('abort', stop, { once: true });
    child.on('error', (error) => {
      live.delete(child);
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      live.delete(child);
      clearTimeout(timer);
      if (options.onLine && parts.rest) options.onLine(parts.rest);
      const result = { output: parts.all, stdout: parts.out, timedOut: parts.timedOut };
      resolve({ ...result, code: code ?? (signal ? 128 : 1), elapsedMs: performance.now() - startedMs });
    });
  });
}

/** As `run`, but a failure is a Trouble with the end of the output. @param {string} command @param {string[]} args @param {RunOptions & { what?: string }} [options] */
export async function mustRun(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code === 0 && !result.timedOut) return result;
  const what = options.what ?? `${path.basename(command)} ${args.slice(0, 3).join(' ')}`;
  const why = result.timedOut
    ? `took longer than ${(options.timeoutMs ?? 0) / 1000} s`
    : `ended with code ${result.code}`;
  throw new Trouble(`${what} ${why}`, tail(result.output, 15));
}

/** @param {string} text @param {number} count */
function tail(text, count) {
  return text.trimEnd().split('\n').slice(-count);
}

/** The full path of a program on PATH, or undefined. @param {string} name @param {NodeJS.ProcessEnv} [env] */
export function findProgram(name, env = process.env) {
  const extra = process.platform === 'win32' ? [] : ['/usr/sbin', '/sbin', '/usr/local/go/bin'];
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of [...(env.PATH ?? '').split(path.delimiter), ...extra]) {
    for (const ending of endings) {
      const candidate = path.join(folder, name + ending);
      if (folder && isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** npm is itself a script: started with this very Node. @returns {{ command: string, args: string[] }} */
export function npmCommand() {
  const fromEnv = process.env.npm_execpath;
  if (fromEnv?.endsWith('.js') && path.basename(fromEnv).startsWith('npm')) {
    return { command: process.execPath, args: [fromEnv] };
  }
  // On Windows npm is a batch file, which cannot be started without a shell; its script lies beside Node.
  const beside = path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (process.platform === 'win32' && existsSync(beside))
    return { command: process.execPath, args: [beside] };
  const found = findProgram('npm');
  if (!found)
    throw new Trouble('npm is not on the PATH', [
      'install Node 20.19 or newer with its npm: https://nodejs.org',
    ]);
  return { command: found, args: [] };
}
