/** The agent as the build makes it, made when it is not there. */

import { agentDir } from '../../build/lib/paths.mjs';
import { buildAgents, hostTarget, staleTargets, targetName } from '../../build/steps/agent.mjs';

/** Folder with an agent for this computer's CPU, laid out as the app expects it. */
export async function builtAgentFolder(): Promise<string> {
  const stale = staleTargets([hostTarget()]);
  if (stale.length > 0) await buildAgents(stale);
  return agentDir;
}

export async function builtAgent(): Promise<string> {
  return `${await builtAgentFolder()}/${targetName(hostTarget())}/mesolite-agent`;
}
