// A connection after the login: channels for our two constant commands, and why it ended.
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import { openForward } from './forward.ts';
import type { Greeting, Handshake } from './handshake.ts';
import { describeHostKey } from './host-key.ts';
import type { Address } from './tcp.ts';
import { hangUp, type Way } from './way.ts';
import { quote } from './words.ts';

const longestPauseMs = 640;

export class SshConnection {
  readonly greeting: Greeting;
  readonly serverWords: string;
  private readonly handshake: Handshake;
  private readonly way: Way;
  private isOpen = true;
  private isClosedByUs = false;
  private hadChannel = false;

  constructor(handshake: Handshake, way: Way) {
    this.handshake = handshake;
    this.way = way;
    this.serverWords = handshake.serverWords;
    this.greeting = handshake.greeting ?? {
      hostKey: describeHostKey(Buffer.alloc(0)),
      banner: '',
      ciphers: '',
    };
    handshake.client.on('close', () => {
      this.isOpen = false;
    });
    handshake.client.on('end', () => {
      this.isOpen = false;
    });
  }

  get alive(): boolean {
    return this.isOpen;
  }

  /** Only our two constant commands: everything else travels on standard input. */
  async exec(command: 'exec sh -s' | 'exec sudo -n sh -s'): Promise<Result<ClientChannel>> {
    // Where MaxSessions is 1, sshd frees a session a moment after it has closed its channel.
    for (let pauseMs = 10; ; pauseMs *= 2) {
      const opened = await this.tryExec(command);
      const isEarly = !opened.ok && opened.refusal.reason === 'channel-refused' && this.hadChannel;
      if (!isEarly || pauseMs > longestPauseMs) return opened;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** A connection from there to somewhere else. */
  forward(to: Address, signal: AbortSignal): Promise<Result<Duplex>> {
    return openForward(this.handshake.client, to, signal);
  }

  private tryExec(command: string): Promise<Result<ClientChannel>> {
    return new Promise((resolve) => {
      const onClose = () => resolve({ ok: false, refusal: this.endRefusal() });
      if (!this.isOpen) return onClose();
      this.handshake.client.once('close', onClose);
      try {
        this.handshake.client.exec(command, (error, channel) => {
          this.handshake.client.off('close', onClose);
          if (error && !this.isOpen) return onClose();
          if (error) return resolve(refuse('unsupported', 'channel-refused', quote(error.message)));
          this.hadChannel = true;
          resolve(ok(channel));
        });
      } catch (error) {
        resolve(refuse('unreachable', 'connection-reset', quote(String(error))));
      }
    });
  }

  private endRefusal(): Refusal {
    const detail = 'the connection ended';
    return this.whyEnded() ?? { code: 'unreachable', reason: 'connection-reset', detail };
  }

  whyEnded(): Refusal | null {
    return this.isClosedByUs ? null : (this.way.whyBroken() ?? this.handshake.lastError);
  }

  close(): void {
    this.isClosedByUs = true;
    this.isOpen = false;
    this.handshake.client.end();
    // A peer that does not answer the goodbye must not keep the socket.
    setTimeout(() => hangUp(this.handshake.options.socket), 500).unref();
  }
}
