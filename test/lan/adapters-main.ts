/**
 * The adapters of the app in a process of their own, on the desk of a LAN: lanes and links over real networks. Commands
 * come as lines of JSON on standard input (so no secret is in argv or the environment), events go out the same way.
 */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { AgentLinks, isLinkEffect } from '../../electron/adapters/agentlink/links.ts';
import { noArtifacts } from '../../electron/adapters/agentlink/provide.ts';
import { isLaneEffect, SshLanes } from '../../electron/adapters/ssh/lanes.ts';
import { systemClock } from '../../electron/adapters/system/clock.ts';
import { ensureOwnKey } from '../../electron/adapters/system/keys.ts';
import type { IssuedEffect } from '../../electron/core/kernel/effects.ts';
import type { Posted } from '../../electron/core/kernel/events.ts';
import type { ToDriver } from './adapters-driver.ts';

const tell = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);

async function main(): Promise<void> {
  const [folder = '', agentFolder = '', masterId = ''] = process.argv.slice(2);
  const key = await ensureOwnKey(`${folder}/ssh`);
  const lanes = new SshLanes({
    sources: { ownKeyPath: key.privatePath, agentSocket: process.env['SSH_AUTH_SOCK'] ?? null },
    ownPublicKey: key.publicKey,
    keyMarker: `mesolite:${masterId}`,
    agentFile: (arch) => `${agentFolder}/linux-${arch}/mesolite-agent`,
    log: (line) => tell({ log: line }),
    clock: systemClock,
    aliveTasks: (machineId) => links.aliveTasks(machineId),
    endTasks: (machineId, signal) => links.endTasks(machineId, signal),
  });
  const links: AgentLinks = new AgentLinks({
    artifacts: noArtifacts,
    dial: (machine, signal) => lanes.dial(machine, signal),
    master: { masterId: masterId as never, epoch: 1 },
    appVersion: '0.0.0-test',
    clock: systemClock,
    log: (line) => tell({ log: line }),
  });
  const post = (event: Posted) => tell({ event });
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const command = JSON.parse(line) as ToDriver;
      if (command.kind === 'hold') lanes.hold(command.machineId, command.credentials, command.jumps);
      else if (command.kind === 'read-log') void readLog(links, command).then(tell);
      else runEffect(command.effect);
    })
    .on('close', () => {
      links.closeAll();
      lanes.closeAll();
      setTimeout(() => process.exit(0), 50);
    });
  const runEffect = (effect: IssuedEffect) => {
    if (isLaneEffect(effect)) lanes.run(effect, post);
    else if (isLinkEffect(effect)) links.run(effect, post);
  };
  tell({ ready: true, ownPublicKey: key.publicKey });
}

/** Takes a log in with flow control and tells its length and hash. */
async function readLog(
  links: AgentLinks,
  command: Extract<ToDriver, { kind: 'read-log' }>,
): Promise<unknown> {
  const hash = createHash('sha256');
  let bytes = 0;
  let credit = (_count: number): void => {};
  let early = 0;
  const ended = new Promise<string>((resolve) => {
    const sink = {
      data: (_offset: number, piece: Uint8Array) => {
        hash.update(piece);
        bytes += piece.length;
        early += piece.length;
        credit(piece.length);
      },
      end: resolve,
    };
    const { taskId, file, offset, follow } = command;
    void links.open(command.machineId, { taskId, file, offset, follow }, sink).then((opened) => {
      if (!opened.ok) return resolve(opened.refusal.reason);
      credit = (count) => opened.value.credit(count);
      credit(early);
    });
  });
  const cause = await ended;
  return { log: `read ${command.taskId} ${cause} ${bytes} ${hash.digest('hex')}` };
}

void main();
