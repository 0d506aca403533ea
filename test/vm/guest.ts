/**
 * One virtual machine. `cut` is a power cut: what the guest had not flushed to its disk is gone. The console is a shell
 * that takes one line at a time; the agent is reached through a virtio serial port, as over SSH.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { until } from '../support/wait.ts';
import type { Kernel } from './kernel.ts';

/** With two CPUs in software, beside whatever else the machine does. */
const bootLimitMs = 240_000;
const offLimitMs = 240_000;
const memoryMib = 768;

export type Guest = {
  /** Runs a line in the guest. */
  sh(line: string, timeoutMs?: number): Promise<{ readonly code: number; readonly output: string }>;
  /** A connection to the agent in the guest; it begins with the line of `attach`. */
  attach(dir?: string): Promise<Socket>;
  /** The plug is pulled. */
  cut(): Promise<void>;
  /** The guest ends in order, by this line; then it is off. */
  off(line: string): Promise<void>;
};

/** An empty disk. */
export function makeDisk(file: string, sizeMib: number): void {
  execFileSync('truncate', ['-s', `${sizeMib}M`, file]);
  execFileSync('/sbin/mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1', file]);
}

class Console {
  private text = '';
  private count = 0;
  private readonly child: ChildProcess;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      this.text += piece;
    });
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.text += piece; // QEMU's own words
    });
  }

  async waitFor(mark: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const found = await until(() => mark.exec(this.text) ?? this.died(), {
      what: `the guest says ${mark} (it said: ${this.text.slice(-400)})`,
      capMs: timeoutMs,
    });
    if (found === 'died')
      throw new Error(
        `the guest died (${this.child.exitCode ?? this.child.signalCode}): ${this.text.slice(-800)}`,
      );
    return found;
  }

  private died(): 'died' | null {
    return this.child.exitCode !== null || this.child.signalCode !== null ? 'died' : null;
  }

  send(line: string): void {
    this.text = '';
    this.child.stdin?.write(`${line}\n`);
  }

  async sh(line: string, timeoutMs: number): Promise<{ code: number; output: string }> {
    const n = ++this.count;
    this.send(`{ ${line}\n} </dev/null 2>&1; echo "@@END:${n}:$?"`);
    const end = await this.waitFor(new RegExp(`@@END:${n}:(\\d+)\\r?\\n`), timeoutMs);
    return { code: Number(end[1]), output: this.text.slice(0, end.index) };
  }
}

/** Boots a machine with this disk; it is up when its shell answers. */
export async function bootGuest(of: {
  readonly kernel: Kernel;
  readonly root: string;
  readonly disk: string;
}): Promise<Guest> {
  const port = path.join(path.dirname(of.disk), `port-${process.pid}`);
  rmSync(port, { force: true });
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-M', 'q35', '-cpu', 'max', '-smp', '2', '-m', String(memoryMib), '-no-reboot', '-nic', 'none'],
      ...['-display', 'none', '-monitor', 'none', '-serial', 'stdio'],
      ...['-kernel', of.kernel.image, '-initrd', of.root],
      // Without no_timer_check the kernel gives up when its first ticks are late, as they are on a busy machine.
      ...['-append', 'console=ttyS0 quiet loglevel=3 panic=-1 no_timer_check rdinit=/init'],
      ...['-drive', `file=${of.disk},if=virtio,format=raw`],
      ...['-device', 'virtio-serial', '-chardev', `socket,id=port,path=${port},server=on,wait=off`],
      ...['-device', 'virtserialport,chardev=port,name=mesolite'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const drop = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', drop); // the tests were interrupted
  const cut = async (): Promise<void> => {
    drop();
    await ended;
    process.off('exit', drop);
    rmSync(port, { force: true });
  };
  const terminal = new Console(child);
  try {
    await terminal.waitFor(/@@UP/, bootLimitMs);
  } catch (error) {
    await cut();
    throw error;
  }
  return {
    sh: (line, timeoutMs = 60_000) => terminal.sh(line, timeoutMs),
    attach: async (dir = '/data/agent') => {
      const socket = connect(port);
      await once(socket, 'connect');
      await terminal.sh(
        `setsid sh -c "exec mesolite-agent attach --dir ${dir} <>/dev/vport0p1 >&0 2>/tmp/attach" &`,
        20_000,
      );
      return socket;
    },
    cut,
    off: async (line) => {
      terminal.send(line);
      await until(() => child.exitCode !== null || child.signalCode !== null, {
        what: 'the guest is off',
        capMs: offLimitMs,
      });
      await cut();
    },
  };
}
