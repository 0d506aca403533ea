// The set-up as one call: makes sure that what a script wants is there and says where. Every script goes through it.
import path from 'node:path';
import { agentStep, firstTargets } from '../steps/agent.mjs';
import { bundleStep } from '../steps/bundle.mjs';
import { dependencies } from '../steps/dependencies.mjs';
import { electronStep } from '../steps/electron.mjs';
import { iconStep } from '../steps/icon.mjs';
import { sqliteStep } from '../steps/sqlite.mjs';
import { systemStep } from '../steps/system.mjs';
import { withLock } from './cache.mjs';
import { say, Trouble } from './log.mjs';
import { agentDir, cacheDirOf } from './paths.mjs';
import { runSteps } from './steps.mjs';

/**
 * @typedef {{ electron?: boolean, sqlite?: boolean, agent?: boolean, bundle?: boolean, icon?: boolean, display?: boolean, tests?: boolean, machines?: boolean,
 *   targets?: import('../steps/agent.mjs').Target[], quiet?: boolean }} Wants
 * @typedef {{ wants: Wants, cacheDir: string, targets: import('../steps/agent.mjs').Target[],
 *   electron?: import('../steps/electron.mjs').Electron | undefined, sqliteBinding?: string | undefined }} Context
 * @typedef {{ electronPath: string | undefined, electronVersion: string | undefined, electronFolder: string | undefined,
 *   isStandIn: boolean, sqliteBinding: string | undefined, agentDir: string, env: Record<string, string> }} Ready
 */

const NODE_LEAST = [20, 19];

/** @param {string} version */
export function isNodeNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
}

/** @param {Wants} wants @returns {Promise<Ready>} */
export async function ensure(wants) {
  if (!isNodeNewEnough(process.versions.node)) {
    throw new Trouble(`Node ${process.versions.node} is too old: 20.19 or newer is needed`, [
      'https://nodejs.org',
    ]);
  }
  /** @type {Context} */
  const context = { wants, cacheDir: cacheDirOf(), targets: wants.targets ?? firstTargets() };
  // One compiles one long file of C on one core, the other Go on all that are left.
  const compiling = [sqliteStep, agentStep];
  const steps = [dependencies, electronStep, systemStep, compiling, bundleStep, iconStep];
  await withLock(
    path.join(context.cacheDir, 'set-up.lock'),
    () => runSteps(steps, context, { quiet: wants.quiet ?? false }),
    {
      onWait: (pid) => say(`waiting for another set-up (process ${pid})`),
    },
  );
  return readyFrom(context);
}

/** @param {Context} context @returns {Ready} */
function readyFrom(context) {
  /** @type {Record<string, string>} */
  const env = { MESOLITE_AGENT_DIR: agentDir };
  if (context.sqliteBinding) env.MESOLITE_SQLITE_BINDING = context.sqliteBinding;
  if (context.electron) env.MESOLITE_ELECTRON = context.electron.path;
  return {
    electronPath: context.electron?.path,
    electronVersion: context.electron?.version,
    electronFolder: context.electron?.folder,
    isStandIn: context.electron?.source === 'stand-in',
    sqliteBinding: context.sqliteBinding,
    agentDir,
    env,
  };
}
