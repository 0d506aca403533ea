// The demo rack as the shell sees it: what this computer has, worked into six machines, and the two commands.
import { access, constants, statfs } from 'node:fs/promises';
import os from 'node:os';
import { ok, type Result, refuse } from '../contract/errors.ts';
import type { OperationId } from '../contract/ids.ts';
import { type Computer, demoSpecs } from '../core/master/demo-specs.ts';
import type { Log } from './log-file.ts';
import type { Ids, Master } from './ports.ts';

export type Demo = {
  readonly start: () => Promise<Result<{ operationId: OperationId }>>;
  readonly remove: () => Promise<Result<{ operationId: OperationId }>>;
};

export type DemoDeps = {
  readonly master: Pick<Master, 'command'>;
  readonly ids: Ids;
  /** The agent for this computer, or null when there is none for its kind. */
  readonly agentBinary: string | null;
  readonly computer: () => Promise<Computer>;
};

export function createDemo({ master, ids, agentBinary, computer }: DemoDeps): Demo {
  const commanded = async (
    operationId: OperationId,
    done: Promise<Result<null>>,
  ): Promise<Result<{ operationId: OperationId }>> => {
    const answer = await done;
    return answer.ok ? ok({ operationId }) : answer;
  };
  return {
    start: async () => {
      if (agentBinary === null) {
        return refuse('unsupported', 'local-agent-unsupported', `${process.platform} ${process.arch}`);
      }
      if (!(await canRun(agentBinary))) return refuse('not-found', 'local-agent-missing', agentBinary);
      const machines = demoSpecs(await computer()).map((spec) => ({ machineId: ids.machine(), ...spec }));
      const operationId = ids.operation();
      return commanded(operationId, master.command({ kind: 'start-demo-rack', operationId, machines }));
    },
    remove: () => {
      const operationId = ids.operation();
      return commanded(operationId, master.command({ kind: 'remove-demo-rack', operationId }));
    },
  };
}

/** What the agents may share; the disk is what is free where their folders will be. */
export async function thisComputer(dataFolder: string): Promise<Computer> {
  const mib = 1024 * 1024;
  const disk = await statfs(dataFolder);
  return {
    cpusMilli: os.availableParallelism() * 1000,
    memMib: Math.floor(os.totalmem() / mib),
    diskMib: Math.floor((disk.bavail * disk.bsize) / mib),
  };
}

/** `--demo`: it is there from the start. That it is there already is no news. */
export async function startDemoIfAsked(args: readonly string[], demo: Demo, log: Log): Promise<void> {
  if (!args.includes('--demo')) return;
  const started = await demo.start();
  if (started.ok || started.refusal.reason === 'demo-rack-exists') return;
  const { reason, detail } = started.refusal;
  log('warn', 'demo-rack-refused', { reason, detail });
  process.stdout.write(`The demo rack cannot be started: ${detail}\n`);
}

function canRun(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
