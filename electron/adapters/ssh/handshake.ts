// From a TCP connection to a login: greeting, key exchange with a verified host key, then exactly one attempt.
// The host key is compared before anything of the person's leaves; nothing there is ever let back in here (no agent, no port).
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, AuthenticationType, Client as SshClient } from 'ssh2';
import ssh2 from 'ssh2';
import { ok, type Refusal, type RefusalCode, type Result } from '../../contract/errors.ts';
import type { HostKey } from '../../contract/machine.ts';
import type { Reason } from '../../contract/reasons.ts';
import { offeredAlgorithms } from './algorithms.ts';
import { describeHostKey, isSameHostKey } from './host-key.ts';
import type { LoginAttempt } from './login.ts';
import { type Address, socketRefusal } from './tcp.ts';
import { quote } from './words.ts';

const bannerTimeoutMs = 10_000;
const handshakeTimeoutMs = 20_000;
/** PAM modules wait after a failure, and directory services are slow. */
const loginTimeoutMs = 15_000;
const keepaliveMs = 1000;
const keepaliveMisses = 3;

export type Greeting = {
  readonly hostKey: HostKey;
  /** The server's identification line. */
  readonly banner: string;
  readonly ciphers: string;
};

/** As ssh2 calls it: name, instructions, language, prompts, and where the answers go. */
type PromptArguments = [
  string,
  string,
  string,
  { prompt: string; echo?: boolean }[],
  (answers: string[]) => void,
];

type HandshakeOptions = {
  readonly to: Address;
  readonly socket: Duplex;
  readonly pinned: HostKey | null;
  readonly login: { readonly user: string; readonly attempt: LoginAttempt } | null;
  readonly signal: AbortSignal;
};

export class Handshake {
  readonly client: SshClient = new ssh2.Client();
  readonly options: HandshakeOptions;
  greeting: Greeting | null = null;
  /** Said by the server before or during the login (banner of the company, words of PAM). */
  serverWords = '';
  lastError: Refusal | null = null;
  private banner = '';
  private heard = Buffer.alloc(0);
  private refusal: Refusal | null = null;
  private stage: 'banner' | 'kex' | 'login' | 'done' = 'banner';
  private asked: 'nothing' | 'methods' | 'proof' = 'nothing';
  private prompts = 0;
  private hasSocketEnded = false;
  private finishWait: (result: Result<null>) => void = () => {};
  private timer: NodeJS.Timeout | null = null;

  constructor(options: HandshakeOptions) {
    this.options = options;
  }

  run(): Promise<Result<null>> {
    const { signal, socket } = this.options;
    return new Promise((resolve) => {
      const onAbort = () => this.fail('conflict', 'cancelled', this.where());
      this.finishWait = (result) => {
        if (this.stage === 'done') return;
        this.stage = 'done';
        if (this.timer !== null) clearTimeout(this.timer);
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) return onAbort();
      this.arm(bannerTimeoutMs, () => this.failWithoutBanner('said no SSH greeting within 10 s'));
      this.listen();
      // Before ssh2 takes over, so that the first bytes can be quoted when they are not SSH.
      socket.on('data', this.tap);
      this.start();
    });
  }

  private readonly tap = (piece: Buffer): void => {
    this.heard = Buffer.concat([this.heard, piece]).subarray(0, 8192);
    const line = /(?:^|\n)(SSH-[^\r\n]{1,253})\r?\n/.exec(this.heard.toString('latin1'));
    if (line === null) return;
    this.banner = line[1] ?? '';
    this.options.socket.off('data', this.tap);
    if (this.stage !== 'banner') return;
    this.stage = 'kex';
    this.arm(handshakeTimeoutMs, () => {
      this.fail('timeout', 'handshake-timeout', `${this.banner} did not finish the key exchange`);
    });
  };

  private listen(): void {
    const { client } = this;
    client.on('error', (error: Error & { level?: string; code?: unknown }) => this.onError(error));
    client.on('close', () => this.onClose());
    client.on('ready', () => this.finishWait(ok(null)));
    client.on('banner', (text: string) => {
      this.serverWords = `${this.serverWords}${text}`.slice(0, 4096);
    });
    client.on('handshake', (negotiated) => {
      if (this.greeting === null || this.stage === 'done') return;
      this.stage = 'login';
      this.greeting = { ...this.greeting, ciphers: `${negotiated.kex}, ${negotiated.cs.cipher}` };
      this.arm(loginTimeoutMs, () =>
        this.fail('timeout', 'login-timeout', `${this.where()}: no answer to the login`),
      );
    });
    client.on('change password', () => {
      this.fail('unauthorized', 'password-expired', 'the server asks for a new password');
    });
  }

  private start(): void {
    const { socket, login, pinned } = this.options;
    try {
      this.client.connect({
        sock: socket,
        username: login?.user ?? 'nobody',
        algorithms: offeredAlgorithms(pinned?.type ?? null),
        readyTimeout: 0, // our own timers say which stage hung
        keepaliveInterval: keepaliveMs,
        keepaliveCountMax: keepaliveMisses,
        agentForward: false,
        hostVerifier: (blob: Buffer) => this.verify(blob),
        authHandler: (methods, isPartial, next) => {
          const method = this.nextMethod(methods, isPartial);
          // ssh2 takes `false` for "give up"; its types do not know it.
          next(method as AnyAuthMethod);
        },
      });
    } catch (error) {
      this.fail('internal', 'connection-failed', quote(String(error)));
    }
  }

  /** Runs after the key exchange and before any name or credential is sent. */
  private verify(blob: Buffer): boolean {
    const { pinned } = this.options;
    const hostKey = describeHostKey(blob);
    this.greeting = { hostKey, banner: this.banner, ciphers: '' };
    if (pinned === null) {
      this.fail('conflict', 'host-key-unconfirmed', hostKey.fingerprint);
      return false;
    }
    if (isSameHostKey(pinned, blob)) return true;
    const words = `confirmed ${pinned.type} ${pinned.fingerprint}, shown ${hostKey.type} ${hostKey.fingerprint}`;
    this.fail('conflict', 'host-key-changed', words);
    return false;
  }

  /** First asks which methods there are (not an attempt), then makes one attempt, then gives up. */
  private nextMethod(methods: AuthenticationType[] | null, isPartial: boolean | null): AnyAuthMethod | false {
    const { login } = this.options;
    if (login === null || this.stage === 'done') return false;
    const offered = (methods ?? []).join(', ');
    if (this.asked === 'nothing') {
      this.asked = 'methods';
      return { type: 'none', username: login.user };
    }
    if (this.asked === 'proof') {
      if (isPartial === true) this.fail('unauthorized', 'login-needs-more', `it also asks for: ${offered}`);
      else this.fail('unauthorized', 'login-refused', `${login.user}: the server offers ${offered}`);
      return false;
    }
    this.asked = 'proof';
    const method = this.proof(login.user, login.attempt, methods ?? []);
    if (method === null) {
      this.fail('unsupported', 'login-method-not-offered', `${login.user}: the server offers ${offered}`);
    }
    return method ?? false;
  }

  private proof(
    username: string,
    attempt: LoginAttempt,
    offered: AuthenticationType[],
  ): AnyAuthMethod | null {
    if (attempt.kind === 'password') {
      if (offered.includes('password')) {
        // ssh2 takes a Buffer and copies it only into the packet; its types say string.
        return { type: 'password', username, password: attempt.password.bytes as unknown as string };
      }
      if (!offered.includes('keyboard-interactive')) return null;
      const prompt = this.answerPrompts(attempt.password.bytes);
      return { type: 'keyboard-interactive', username, prompt };
    }
    if (!offered.includes('publickey')) return null;
    if (attempt.kind === 'key') return { type: 'publickey', username, key: attempt.key };
    return { type: 'agent', username, agent: attempt.agent };
  }

  /** PAM asks for the password with one hidden prompt. Anything else is a second factor, which we cannot answer. */
  private answerPrompts(password: Buffer) {
    return (...asked: PromptArguments): void => {
      const [, , , prompts, finish] = asked;
      this.prompts += 1;
      const [only] = prompts;
      if (this.prompts === 1 && prompts.length === 1 && only !== undefined && only.echo !== true) {
        return finish([password.toString('utf8')]);
      }
      const words = prompts.map((one) => quote(one.prompt, 60)).join(', ');
      this.fail('unauthorized', 'login-needs-more', `the server asks ${words}`);
    };
  }

  private onError(error: Error & { level?: string; code?: unknown }): void {
    const refusal = this.errorRefusal(error);
    this.lastError ??= refusal;
    if (this.stage === 'done') return;
    if (this.stage === 'banner' && !isSocketTrouble(error)) {
      this.hasSocketEnded = /lost before handshake/i.test(error.message);
      return this.failWithoutBanner(this.hasSocketEnded ? 'then it closed' : 'that is not SSH');
    }
    if (this.stage === 'banner' && this.heard.length > 0)
      return this.failWithoutBanner('then the connection broke');
    if (this.stage === 'banner' && refusal.reason === 'connection-reset') {
      return this.fail('unreachable', 'closed-early', `${this.where()} reset the connection without a word`);
    }
    this.fail(refusal.code, refusal.reason as Reason, refusal.detail);
  }

  private errorRefusal(error: Error & { level?: string; code?: unknown }): Refusal {
    const words = error.message;
    if (error.level === 'client-socket') return socketRefusal(error as NodeJS.ErrnoException, this.where());
    if (/keepalive timeout/i.test(words)) {
      return { code: 'timeout', reason: 'link-lost', detail: `no answer for ${keepaliveMisses} s` };
    }
    if (/no matching/i.test(words)) {
      return {
        code: 'unsupported',
        reason: 'no-common-algorithm',
        detail: `${this.banner}: ${quote(words)}`,
      };
    }
    if (/too many authentication failures/i.test(words)) {
      return { code: 'unauthorized', reason: 'too-many-attempts', detail: quote(words) };
    }
    const reason: Reason = this.stage === 'login' ? 'connection-reset' : 'handshake-failed';
    return { code: 'unreachable', reason, detail: `${this.banner}: ${quote(words)}` };
  }

  private onClose(): void {
    if (this.stage === 'done') return;
    if (this.stage === 'banner') {
      this.hasSocketEnded = true;
      return this.failWithoutBanner('then it closed');
    }
    const during = this.stage === 'kex' ? 'the key exchange' : 'the login';
    this.fail('unreachable', 'connection-reset', `${this.where()} closed the connection during ${during}`);
  }

  private failWithoutBanner(what: string): void {
    if (this.heard.length === 0 && this.hasSocketEnded) {
      return this.fail('unreachable', 'closed-early', `${this.where()} closed the connection without a word`);
    }
    // sshd itself says these before its greeting when it wants nobody now.
    if (/^(Exceeded MaxStartups|Not allowed at this time)/.test(this.heard.toString('latin1'))) {
      return this.fail('unreachable', 'closed-early', `${this.where()} said ${quote(this.heard)}`);
    }
    const said = this.heard.length === 0 ? 'said nothing' : `said ${quote(this.heard, 120)}`;
    this.fail('unsupported', 'not-ssh', `${this.where()} ${said}; ${what}`);
  }

  private where(): string {
    return `${this.options.to.address} port ${this.options.to.port}`;
  }

  private arm(ms: number, onTime: () => void): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(onTime, ms);
  }

  private fail(code: RefusalCode, reason: Reason, detail: string): void {
    if (this.refusal !== null || this.stage === 'done') return;
    this.refusal = { code, reason, detail };
    this.finishWait({ ok: false, refusal: this.refusal });
    // What is not our own doing has ended already; the probe keeps its greeting.
    if (reason !== 'host-key-unconfirmed' && reason !== 'host-key-changed') this.client.destroy();
  }
}

function isSocketTrouble(error: { level?: string }): boolean {
  return error.level === 'client-socket' || error.level === 'client-timeout';
}
