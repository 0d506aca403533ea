// `npm start [-- --demo]`: sets up whatever is missing, then opens the app. Node built-ins only, until the
// dependencies are there. With no display the same window runs under an Xvfb of its own.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hasDisplay, startDisplay } from './lib/display.mjs';
import { ensure } from './lib/ensure.mjs';
import { formatMs, say, sayFailure, sayStep } from './lib/log.mjs';
import { root } from './lib/paths.mjs';
import { killTree, leaveSignals, stopRunning } from './lib/run.mjs';
import { allTargets, buildAgents, staleTargets, targetName } from './steps/agent.mjs';

const QUIT_MS = 15_000;
const INSIST_MS = 2000;
// What Chromium says on a machine without a session bus or a GPU; it means nothing to the person who started us.
const NOISE =
  /:(ERROR|WARNING):(bus|object_proxy|viz_main_impl|gpu_|gl_|egl_|vaapi_|angle_|browser_main_loop|command_buffer|sandbox_linux)/;

const NO_ANSWER = /Missing X server or \$DISPLAY|cannot open display/;

/** @param {boolean} isOwnDisplay */
function chromiumFlags(isOwnDisplay) {
  const flags = [];
  if (process.getuid?.() === 0) {
    say('note  running as root: Chromium has no sandbox for root, so it starts with --no-sandbox');
    flags.push('--no-sandbox');
  }
  if (isOwnDisplay) flags.push('--disable-gpu');
  else if (process.env.WAYLAND_DISPLAY && !process.env.DISPLAY) flags.push('--ozone-platform=wayland');
  return flags;
}

/** @param {import('node:stream').Readable} stream */
function forwardErrors(stream) {
  createInterface({ input: stream }).on('line', (line) => {
    if (!NOISE.test(line)) process.stderr.write(`${line}\n`);
    if (NO_ANSWER.test(line)) {
      say(
        `note  the display ${process.env.DISPLAY} does not answer; without DISPLAY set, the app runs under Xvfb: env -u DISPLAY npm start`,
      );
    }
  });
}

let hasAppEnded = false;

/** The agents for machines of other kinds, while the app is already in use. */
async function buildTheRest() {
  const stale = staleTargets(allTargets);
  if (stale.length === 0) return;
  const startedMs = performance.now();
  try {
    await buildAgents(stale, { low: true });
    sayStep(
      'ok',
      'agent',
      `${formatMs(performance.now() - startedMs)}  ${stale.map(targetName).join(', ')}, in the background`,
    );
  } catch (error) {
    // Ended together with the app: the next start goes on with it.
    if (hasAppEnded) return;
    sayStep(
      'FAIL',
      'agent',
      `for ${stale.map(targetName).join(', ')}; machines of that kind cannot be added`,
    );
    sayFailure(error);
  }
}

/** @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<number>} */
function runApp(program, args, env) {
  return new Promise((resolve, reject) => {
    // Its own process group: Chromium dies hard on a second signal, so it gets exactly one, from us.
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'pipe'],
      detached: process.platform !== 'win32',
    });
    if (child.stderr) forwardErrors(child.stderr);
    let endedAtMs = 0;
    const end = () => {
      // Ctrl-C arrives twice, from the terminal and from npm; a person who insists does so later.
      if (endedAtMs > 0)
        return performance.now() - endedAtMs > INSIST_MS ? killTree(child, 'SIGKILL') : undefined;
      endedAtMs = performance.now();
      child.kill('SIGTERM');
      setTimeout(() => killTree(child, 'SIGKILL'), QUIT_MS).unref();
      return undefined;
    };
    leaveSignals();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(endedAtMs > 0 ? 0 : (code ?? (signal ? 128 : 1))));
  });
}

async function main() {
  const words = process.argv.slice(2);
  const startedMs = performance.now();
  const isOwnDisplay = !hasDisplay();
  const ready = await ensure({
    electron: true,
    sqlite: true,
    agent: true,
    bundle: true,
    display: isOwnDisplay,
  });
  sayStep('ok', 'set-up', formatMs(performance.now() - startedMs));
  if (words.includes('--setup-only')) return 0;
  /** @type {NodeJS.ProcessEnv} */
  let env = { ...process.env, ...ready.env };
  let stopDisplay = async () => {};
  delete env.ELECTRON_RUN_AS_NODE;
  if (isOwnDisplay) {
    const display = await startDisplay();
    stopDisplay = display.stop;
    say(`note  no display here: the window runs under Xvfb on ${display.env.DISPLAY}; Ctrl-C ends it`);
    env = { ...env, ...display.env, MESOLITE_TERMINAL: '1' };
  }
  const flags = chromiumFlags(isOwnDisplay);
  const app = runApp(/** @type {string} */ (ready.electronPath), [...flags, root, ...words], env);
  void buildTheRest();
  const code = await app;
  hasAppEnded = true;
  stopRunning();
  await stopDisplay();
  return code;
}

main().then(
  (code) => process.exit(code),
  (error) => process.exit(sayFailure(error)),
);
