// What one lane (adding or removing one machine) holds in memory between its steps: its one connection, what the
// machine is, and what this attempt has put there.
import { type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { MachineId, TaskId } from '../../contract/ids.ts';
import type { HostKey, Login } from '../../contract/machine.ts';
import type { StepOutcome } from '../../core/kernel/events.ts';
import { openSsh } from './connect.ts';
import type { SshConnection } from './connection.ts';
import { type LoginAttempt, type LoginSources, prepareLogin } from './login.ts';
import { runScript, type ScriptAnswer, type ScriptRequest } from './script.ts';
import type { Vault } from './vault.ts';
import { direct, type Way } from './way.ts';
import { cleanText, quote } from './words.ts';

/** What a step reports; the lane runner adds the time and posts it. */
export type StepReport = { readonly ran: string; readonly answered: string; readonly outcome: StepOutcome };

/** What the privileges step found out. */
export type MachineProbe = {
  readonly uid: number;
  readonly user: string;
  readonly home: string;
  readonly arch: 'amd64' | 'arm64' | 'arm' | 'riscv64';
  readonly hostname: string;
  readonly hasSudo: boolean;
};

/** What this attempt has made on the machine, newest last; clean-up undoes it backwards. */
export type Made =
  | { readonly kind: 'key' }
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'binary'; readonly dir: string }
  | { readonly kind: 'daemon'; readonly dir: string };

export type LaneTools = {
  readonly vault: Vault;
  readonly sources: LoginSources;
  /** `ssh-ed25519 AAAA...` of Mesolite's own key. */
  readonly ownPublicKey: string;
  /** Marks our line in authorized_keys: `mesolite:<master id>`. */
  readonly keyMarker: string;
  /** The agent's file for a CPU, or null when this installation has none. */
  readonly agentFile: (arch: MachineProbe['arch']) => string | null;
  readonly log: (line: string) => void;
  /** The machine's tasks over its link, while that is live. */
  readonly aliveTasks: (machineId: MachineId) => Promise<Result<readonly TaskId[]>>;
  readonly endTasks: (machineId: MachineId, signal: AbortSignal) => Promise<Result<number>>;
};

export type Place = {
  readonly machineId: MachineId;
  readonly address: string;
  readonly port: number;
  readonly user: string;
};

export class Lane {
  readonly place: Place;
  readonly tools: LaneTools;
  readonly abort = new AbortController();
  readonly made: Made[] = [];
  connection: SshConnection | null = null;
  way: Way = direct;
  probe: MachineProbe | null = null;
  /** Root through sudo: all that concerns the agent's folder. */
  asRoot = false;
  agentDir = '';
  /** Removal with `keep`: folders of these stay. null = not known, so all tasks' folders stay. */
  keptTasks: readonly TaskId[] | null = null;

  constructor(place: Place, tools: LaneTools) {
    this.place = place;
    this.tools = tools;
  }

  /** user@address:port, as people write it. */
  get where(): string {
    return `${this.place.user}@${this.place.address}:${this.place.port}`;
  }

  async connect(hostKey: HostKey, attempt: LoginAttempt): Promise<Result<SshConnection>> {
    const { address, port, user } = this.place;
    return openSsh({
      to: { address, port },
      user,
      hostKey,
      attempt,
      signal: this.abort.signal,
      way: this.way,
    });
  }

  /** The lane's connection, made again when it broke between two steps. */
  async ensure(hostKey: HostKey | null, login: Login | undefined): Promise<Result<SshConnection>> {
    if (this.connection?.alive === true) return { ok: true, value: this.connection };
    if (hostKey === null) return refuse('conflict', 'host-key-unconfirmed', this.where);
    if (login === undefined) return refuse('conflict', 'credentials-missing', this.where);
    const held = this.tools.vault.get(this.place.machineId);
    const passphrase = held?.kind === 'login' ? held.passphrase : null;
    const prepared = await prepareLogin(login, passphrase, this.tools.sources);
    if (!prepared.ok) return prepared;
    const opened = await this.connect(hostKey, prepared.value);
    if (opened.ok) this.connection = opened.value;
    return opened;
  }

  async run(request: Omit<ScriptRequest, 'signal'>): Promise<Result<ScriptAnswer>> {
    if (this.connection === null) return refuse('unreachable', 'not-connected', this.where);
    return runScript(this.connection, { ...request, signal: this.abort.signal });
  }

  close(): void {
    this.connection?.close();
    this.connection = null;
  }
}

export function done(ran: string, answered: string, learned = {}): StepReport {
  return { ran, answered: cleanText(answered), outcome: { kind: 'done', learned } };
}

export function failed(ran: string, refusal: Refusal, answered = ''): StepReport {
  // A person looks there first: what made us stop is the answer when there was no other.
  const words = answered === '' ? refusal.detail : answered;
  return { ran, answered: cleanText(words), outcome: { kind: 'failed', refusal } };
}

/** A script that ended with a code nobody planned for. */
export function oddEnd(answer: ScriptAnswer): Refusal {
  const said = quote(`${answer.output.toString('utf8')} ${answer.errors}`.trim());
  return { code: 'internal', reason: 'script-failed', detail: `exit ${answer.code}: ${said}` };
}

/** `key=value` lines of a script's answer. Later lines win; values are one line each. */
export function readPairs(output: Buffer): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const line of output.toString('utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) pairs.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return pairs;
}
