// The check of the Go agent: gofmt, vet, staticcheck. The staticcheck of Debian 12 reads what its own Go 1.19 wrote;
// beside a newer Go it panics, so there we build a pinned newer one once, through the Go module proxy.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ensureFolder } from '../lib/cache.mjs';
import { Trouble } from '../lib/log.mjs';
import { cacheDirOf, inRoot } from '../lib/paths.mjs';
import { findProgram, mustRun, run } from '../lib/run.mjs';
import { ensureGo, goEnv } from '../steps/agent.mjs';
import { installPackages } from '../steps/system.mjs';

const OWN_VERSION = 'v0.8.2';
const NEWEST_FOR_DEBIAN = 20; // the minor of Go 1.x
const agentFolder = inRoot('native', 'agent');

/** @param {string} text what `go version` prints @returns {'system' | 'own'} */
export function staticcheckSource(text) {
  const minor = Number(/go1\.(\d+)/.exec(text)?.[1] ?? 0);
  return minor <= NEWEST_FOR_DEBIAN ? 'system' : 'own';
}

async function systemStaticcheck() {
  const find = () => findProgram('staticcheck') ?? findProgram('go-staticcheck');
  const found = find();
  if (found) return found;
  await installPackages(['go-staticcheck'], 'the check of the agent');
  const installed = find();
  if (!installed) throw new Trouble('staticcheck is missing', ['sudo apt-get install -y go-staticcheck']);
  return installed;
}

/** @param {string} go @param {string} version */
async function ownStaticcheck(go, version) {
  const name = `staticcheck-${OWN_VERSION}-${version.replace(/\W+/g, '-')}`;
  const place = path.join(cacheDirOf(), 'tools', name);
  await ensureFolder(place, async (fresh) => {
    const env = { ...goEnv(), GOBIN: fresh, GOFLAGS: '-trimpath' };
    const args = ['install', `honnef.co/go/tools/cmd/staticcheck@${OWN_VERSION}`];
    await mustRun(go, args, {
      env,
      timeoutMs: 600_000,
      what: 'building staticcheck (needs the Go module proxy once)',
    });
  });
  return path.join(place, process.platform === 'win32' ? 'staticcheck.exe' : 'staticcheck');
}

/** @param {string} [folder] a Go module @returns {Promise<import('./pool.mjs').Finding>} */
export async function checkGo(folder = agentFolder) {
  if (!existsSync(path.join(folder, 'go.mod'))) return { failures: `${folder}: no go.mod` };
  const go = await ensureGo();
  const options = { cwd: folder, env: goEnv(), timeoutMs: 300_000 };
  const version = (await run(go, ['env', 'GOVERSION'], options)).stdout.trim();
  const isOwn = staticcheckSource(version) === 'own';
  const staticcheck = isOwn ? await ownStaticcheck(go, version) : await systemStaticcheck();
  const failures = [];
  const unformatted = await run('gofmt', ['-l', '.'], options);
  if (unformatted.output.trim()) failures.push(`gofmt -w ${unformatted.output.trim().split('\n').join(' ')}`);
  for (const [program, args] of /** @type {[string, string[]][]} */ ([
    [go, ['vet', './...']],
    [staticcheck, ['./...']],
  ])) {
    const answer = await run(program, args, options);
    if (answer.code !== 0) failures.push(answer.output);
  }
  const packages = (await run(go, ['list', './...'], options)).stdout.trim().split('\n').length;
  return { failures: failures.join('\n'), note: `${packages} packages, ${version}` };
}
