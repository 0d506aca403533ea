// The Go agent: one static file per system and processor, made again only when its sources changed.
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hashFiles, listFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { Trouble } from '../lib/log.mjs';
import { agentDir, inRoot, root, stampDir } from '../lib/paths.mjs';
import { findProgram, mustRun, run } from '../lib/run.mjs';
import { installPackages } from './system.mjs';

const GO_LEAST = [1, 19];
const sourceDir = inRoot('native', 'agent');

/** @typedef {{ os: string, arch: string }} Target */

/** Every kind of machine that can be added. @type {Target[]} */
export const allTargets = [
  { os: 'linux', arch: 'amd64' },
  { os: 'linux', arch: 'arm64' },
  { os: 'linux', arch: 'arm' },
  { os: 'linux', arch: 'riscv64' },
  { os: 'darwin', arch: 'arm64' },
  { os: 'darwin', arch: 'amd64' },
];

/** @returns {Target} */
export function hostTarget(platform = process.platform, arch = process.arch) {
  const arches = /** @type {Record<string, string>} */ ({ x64: 'amd64', ia32: '386' });
  return { os: platform === 'win32' ? 'windows' : platform, arch: arches[arch] ?? arch };
}

/** @param {Target} target */
export const targetName = (target) => `${target.os}-${target.arch}`;

/** What `npm start` needs before the window: this computer's, then what most machines on a LAN are. */
export function firstTargets() {
  const host = hostTarget();
  const named = new Map([host, ...allTargets.slice(0, 2)].map((target) => [targetName(target), target]));
  return [...named.values()].filter((target) => target.os !== 'windows');
}

/** @param {string} text what `go version` prints */
export function isGoNewEnough(text) {
  const match = /go(\d+)\.(\d+)/.exec(text);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > GO_LEAST[0] || (major === GO_LEAST[0] && minor >= GO_LEAST[1]);
}

async function findGo() {
  const found = findProgram('go');
  if (!found) return undefined;
  const answer = await run(found, ['version'], { timeoutMs: 20_000 });
  return answer.code === 0 && isGoNewEnough(answer.output) ? found : undefined;
}

/** The Go to use, installed when that is possible. @returns {Promise<string>} */
export async function ensureGo() {
  const found = await findGo();
  if (found) return found;
  if (process.platform !== 'linux')
    throw new Trouble('Go 1.19 or newer is needed to build the agent', ['install it: https://go.dev/dl/']);
  await installPackages(['golang-go'], 'building the agent');
  const fresh = await findGo();
  if (!fresh)
    throw new Trouble('Go 1.19 or newer is needed to build the agent', ['install it: https://go.dev/dl/']);
  return fresh;
}

/**
 * What Go is told everywhere: nothing from outside, no cgo, no other toolchain, and no HTTP/2, which would be half a megabyte
 * for nothing (artifacts come over HTTP/1.1 as well). Tests are told the same, so that they test what ships.
 * @returns {NodeJS.ProcessEnv}
 */
export function goEnv() {
  /** @type {NodeJS.ProcessEnv} */
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-trimpath -buildvcs=false -tags=nethttpomithttp2',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  };
  // Go wants a home for its cache; a bare environment (cron, CI) may have none.
  if (!env.HOME && !env.GOCACHE) env.HOME = os.homedir();
  return env;
}

function sourceHash() {
  const keep = (/** @type {string} */ file) =>
    !file.endsWith('_test.go') && !file.includes(`${path.sep}testdata${path.sep}`);
  const files = listFiles([sourceDir], keep);
  if (files.length === 0) throw new Trouble('native/agent has no source');
  return hashFiles(files, ['3'], root);
}

/** @param {Target} target @param {string} folder */
const agentFile = (target, folder = agentDir) => path.join(folder, targetName(target), 'mesolite-agent');
/** @param {Target} target */
const stampFile = (target) => path.join(stampDir, `agent-${targetName(target)}`);

/** @param {Target[]} targets */
export function staleTargets(targets) {
  const hash = sourceHash();
  return targets.filter((target) => !existsSync(agentFile(target)) || readStamp(stampFile(target)) !== hash);
}

/** @param {Target[]} targets @param {{ low?: boolean }} [options] */
export async function buildAgents(targets, options = {}) {
  const go = await ensureGo();
  const hash = sourceHash();
  for (const target of targets) {
    const file = agentFile(target);
    mkdirSync(path.dirname(file), { recursive: true });
    const fresh = `${file}.${process.pid}`;
    // The entry lets the shim of each task run without the Go runtime (native/agent/internal/shim).
    const entry = target.os === 'linux' ? ' -E mesolite_entry' : '';
    const args = ['build', '-ldflags', `-s -w -buildid=${entry}`];
    args.push('-o', fresh, './cmd/mesolite-agent');
    const env = {
      ...goEnv(),
      GOOS: target.os,
      GOARCH: target.arch,
      ...(target.arch === 'arm' ? { GOARM: '7' } : {}),
    };
    const isLow = options.low && findProgram('nice') !== undefined;
    try {
      const what = `go build (${targetName(target)})`;
      await mustRun(isLow ? 'nice' : go, isLow ? ['-n', '19', go, ...args] : args, {
        cwd: sourceDir,
        env,
        timeoutMs: 10 * 60_000,
        what,
      });
      chmodSync(fresh, 0o755);
      renameSync(fresh, file);
    } finally {
      rmSync(fresh, { force: true });
    }
    writeStamp(stampFile(target), hash);
  }
}

/** @param {Target} target */
const agentSize = (target) => statSync(agentFile(target)).size;

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const agentStep = {
  name: 'agent',
  when: (context) => context.wants.agent,
  quick: (context) =>
    staleTargets(context.targets).length === 0
      ? `up to date  ${context.targets.map(targetName).join(' ')}`
      : undefined,
  work: async (context) => {
    const stale = staleTargets(context.targets);
    await buildAgents(stale);
    return stale
      .map((target) => `${targetName(target)} ${(agentSize(target) / 1e6).toFixed(1)} MB`)
      .join(', ');
  },
};
