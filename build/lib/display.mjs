// A screen of our own where there is none: an Xvfb on a free number, closed to everybody without its cookie.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Trouble } from './log.mjs';
import { findProgram } from './run.mjs';

const START_MS = 15_000;
const STOP_MS = 3000;

/** @param {NodeJS.ProcessEnv} env @param {NodeJS.Platform} platform */
export function hasDisplay(env = process.env, platform = process.platform) {
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** One entry of an Xauthority file that fits any display. @param {Buffer} cookie */
export function authorityEntry(cookie) {
  const part = (/** @type {Buffer} */ data) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(data.length);
    return Buffer.concat([length, data]);
  };
  const anyFamily = Buffer.from([0xff, 0xff]);
  const none = Buffer.alloc(0);
  return Buffer.concat([
    anyFamily,
    part(none),
    part(none),
    part(Buffer.from('MIT-MAGIC-COOKIE-1')),
    part(cookie),
  ]);
}

/**
 * @param {{ width?: number, height?: number }} [size]
 * @returns {Promise<{ env: Record<string, string>, pid: number, stop: () => Promise<void> }>}
 */
export async function startDisplay(size = {}) {
  const program = findProgram('Xvfb');
  if (!program) throw new Trouble('Xvfb is missing', ['sudo apt-get install xvfb']);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-display-'));
  const authority = path.join(folder, 'authority');
  writeFileSync(authority, authorityEntry(randomBytes(16)), { mode: 0o600 });
  const screen = `${size.width ?? 1440}x${size.height ?? 900}x24`;
  const args = [
    '-displayfd',
    '3',
    '-screen',
    '0',
    screen,
    '-nolisten',
    'tcp',
    '-auth',
    authority,
    '-noreset',
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'], detached: true });
  let complaint = '';
  child.stderr?.on('data', (data) => {
    complaint += data;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const drop = () => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  const stop = async () => {
    process.off('exit', drop);
    drop();
    await Promise.race([ended, wait(STOP_MS)]);
  };
  process.once('exit', drop);
  try {
    const number = await readNumber(child);
    child.unref();
    return {
      env: { DISPLAY: `:${number}`, XAUTHORITY: authority, WAYLAND_DISPLAY: '' },
      pid: child.pid ?? 0,
      stop,
    };
  } catch (error) {
    await stop();
    throw new Trouble(
      `Xvfb did not start: ${error instanceof Error ? error.message : error}`,
      complaint.trim().split('\n').slice(-5),
    );
  }
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number>} */
function readNumber(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${START_MS / 1000} s`)), START_MS);
    let text = '';
    const end = (/** @type {Error | undefined} */ error) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(Number(text.trim()));
    };
    child.stdio[3]?.on('data', (/** @type {Buffer} */ data) => {
      text += data.toString();
      if (text.includes('\n')) end(undefined);
    });
    child.once('error', end);
    child.once('exit', (code) => end(new Error(`it ended with code ${code}`)));
  });
}
