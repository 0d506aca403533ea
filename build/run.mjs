// `node build/run.mjs FILE.ts [ARGS]`: sets up what that script needs, then runs it (npm run sim, bench, screens, lan).
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasDisplay, startDisplay } from './lib/display.mjs';
import { ensure } from './lib/ensure.mjs';
import { sayFailure, Trouble } from './lib/log.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { leaveSignals } from './lib/run.mjs';

const app = { electron: true, sqlite: true, agent: true, bundle: true };
const isRootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;

/**
 * What each kind of script wants. `inAppEngine`: it runs the core for its figures, so it runs in the engine of the app, the Node
 * inside Electron. That is a newer V8 than the one of the oldest Node we take.
 * @type {Record<string, { wants: import('./lib/ensure.mjs').Wants, needsDisplay?: boolean, inAppEngine?: boolean }>}
 */
const kinds = {
  'test/sim': { wants: { electron: true, sqlite: true }, inAppEngine: true },
  'test/lan': { wants: { tests: true } },
  'test/bench': { wants: { ...app, tests: isRootOnLinux }, needsDisplay: true, inAppEngine: true },
  'test/screens': { wants: { ...app, tests: isRootOnLinux }, needsDisplay: true },
};

/** @param {string} program @param {string[]} words @param {NodeJS.ProcessEnv} env @returns {Promise<number>} */
function runScript(program, words, env) {
  const hook = pathToFileURL(createRequire(inRoot('package.json')).resolve('tsx')).href;
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['--import', hook, ...words], { stdio: 'inherit', env });
    leaveSignals();
    // Ctrl-C reaches the script by the terminal; only what is sent to this process alone has to be passed on.
    process.on('SIGINT', () => {});
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
}

async function main() {
  const [file, ...args] = process.argv.slice(2);
  if (!file) throw new Trouble('usage: node build/run.mjs FILE.ts [ARGS]');
  const kind = kinds[
    path
      .relative(root, path.resolve(root, path.dirname(file)))
      .split(path.sep)
      .join('/')
  ] ?? { wants: {} };
  const needsDisplay = kind.needsDisplay === true && !hasDisplay();
  // The script's own output is what was asked for; set-up is told only when there was something to do.
  const ready = await ensure({ ...kind.wants, display: needsDisplay, quiet: true });
  const display = needsDisplay ? await startDisplay() : undefined;
  const engine = kind.inAppEngine ? ready.electronPath : undefined;
  const code = await runScript(engine ?? process.execPath, [path.resolve(root, file), ...args], {
    ...process.env,
    ...ready.env,
    ...display?.env,
    ...(engine === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }),
  });
  await display?.stop();
  return code;
}

main().then(
  (code) => process.exit(code),
  (error) => process.exit(sayFailure(error)),
);
