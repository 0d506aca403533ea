// The only place that holds what a person typed: by machine, until the lane ends (for its jump hosts, until
// the machine is removed). Never on disk, never in a log.
import type { Credentials, JumpCredentials } from '../../contract/channels.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { Login } from '../../contract/machine.ts';
import { Secret } from './secret.ts';

export type HeldCredentials =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'login'; readonly login: Login; readonly passphrase: Secret | null };

export class Vault {
  private readonly held = new Map<MachineId, HeldCredentials>();
  private readonly jumps = new Map<MachineId, readonly (Secret | null)[]>();

  put(machineId: MachineId, credentials: Credentials): void {
    this.drop(machineId);
    if (credentials.kind === 'password') {
      this.held.set(machineId, { kind: 'password', password: new Secret(credentials.password) });
      return;
    }
    const { login, passphrase } = credentials;
    const secret = passphrase === null || passphrase === '' ? null : new Secret(passphrase);
    this.held.set(machineId, { kind: 'login', login, passphrase: secret });
  }

  get(machineId: MachineId): HeldCredentials | undefined {
    return this.held.get(machineId);
  }

  /** Of the jump hosts on its way, in their order. They are needed as long as the machine is ours. */
  putJumps(machineId: MachineId, credentials: readonly JumpCredentials[]): void {
    this.dropJumps(machineId);
    if (credentials.length > 0) this.jumps.set(machineId, credentials.map(secretOf));
  }

  jumpSecret(machineId: MachineId, at: number): Secret | null {
    return this.jumps.get(machineId)?.[at] ?? null;
  }

  dropJumps(machineId: MachineId): void {
    for (const secret of this.jumps.get(machineId) ?? []) secret?.wipe();
    this.jumps.delete(machineId);
  }

  drop(machineId: MachineId): void {
    const credentials = this.held.get(machineId);
    this.held.delete(machineId);
    if (credentials === undefined) return;
    if (credentials.kind === 'password') credentials.password.wipe();
    else credentials.passphrase?.wipe();
  }

  dropAll(): void {
    for (const machineId of [...this.held.keys()]) this.drop(machineId);
    for (const machineId of [...this.jumps.keys()]) this.dropJumps(machineId);
  }
}

function secretOf(credentials: JumpCredentials): Secret | null {
  const text = credentials.kind === 'password' ? credentials.password : credentials.passphrase;
  return text === null || text === '' ? null : new Secret(text);
}
