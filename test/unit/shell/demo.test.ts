import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ok, type Result, refuse } from '../../../electron/contract/errors.ts';
import type { CommandEvent } from '../../../electron/core/kernel/events.ts';
import { createDemo, startDemoIfAsked, thisComputer } from '../../../electron/shell/demo.ts';
import { machineId, operationId, taskId } from '../../support/builders.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function aBinary(mode: number): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-demo-'));
  folders.push(folder);
  const file = path.join(folder, 'mesolite-agent');
  writeFileSync(file, '');
  chmodSync(file, mode);
  return file;
}

function setUp(options: { agentBinary?: string | null; answer?: Result<null> } = {}) {
  const commands: CommandEvent[] = [];
  let serial = 0;
  const next = () => String((serial += 1));
  const demo = createDemo({
    master: {
      command: (event) => {
        commands.push(event);
        return Promise.resolve(options.answer ?? ok(null));
      },
    },
    ids: {
      machine: () => machineId(next()),
      task: () => taskId(next()),
      operation: () => operationId(next()),
    },
    agentBinary: options.agentBinary === undefined ? aBinary(0o755) : options.agentBinary,
    computer: () => Promise.resolve({ cpusMilli: 4000, memMib: 8192, diskMib: 10_000 }),
  });
  return { demo, commands };
}

describe('the demo rack in the shell', () => {
  it('asks the master for six machines with ids of their own', async () => {
    const { demo, commands } = setUp();
    const started = await demo.start();
    const [command] = commands;
    if (command?.kind !== 'start-demo-rack') throw new Error('no such command');
    expect(started).toEqual(ok({ operationId: command.operationId }));
    expect(new Set(command.machines.map((machine) => machine.machineId)).size).toBe(6);
  });

  it.each([
    ['there is no agent for this kind of computer', () => null, 'local-agent-unsupported'],
    ['the agent is not part of this installation', () => '/nowhere/mesolite-agent', 'local-agent-missing'],
  ])('refuses in words when %s', async (_, agentBinary, reason) => {
    const { demo, commands } = setUp({ agentBinary: agentBinary() });
    expect(await demo.start()).toMatchObject({ ok: false, refusal: { reason } });
    expect(commands).toEqual([]);
  });

  it('hands on what the master refuses', async () => {
    const { demo } = setUp({ answer: refuse('conflict', 'demo-rack-exists', '6 machines') });
    expect(await demo.start()).toMatchObject({ refusal: { reason: 'demo-rack-exists' } });
    expect(await demo.remove()).toMatchObject({ refusal: { reason: 'demo-rack-exists' } });
  });

  it('is started by --demo and by nothing else', async () => {
    const { demo, commands } = setUp();
    await startDemoIfAsked(['electron', '.'], demo, () => undefined);
    expect(commands).toEqual([]);
    await startDemoIfAsked(['electron', '.', '--demo'], demo, () => undefined);
    expect(commands).toMatchObject([{ kind: 'start-demo-rack' }]);
  });

  it('is no news when it is there already', async () => {
    const { demo } = setUp({ answer: refuse('conflict', 'demo-rack-exists', '6 machines') });
    const lines: string[] = [];
    await startDemoIfAsked(['--demo'], demo, (_level, verb) => void lines.push(verb));
    expect(lines).toEqual([]);
  });

  it('divides what this computer really has', async () => {
    const computer = await thisComputer(os.tmpdir());
    expect(computer.cpusMilli).toBe(os.availableParallelism() * 1000);
    expect(computer.memMib).toBeLessThanOrEqual(os.totalmem() / 1024 / 1024);
    expect(computer.diskMib).toBeGreaterThan(0);
  });
});
