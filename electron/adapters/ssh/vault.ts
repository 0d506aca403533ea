// The only place that holds what a person typed: by machine, until the lane ends. Never on disk, never in a log.
import type { Credentials } from '../../contract/channels.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { Login } from '../../contract/machine.ts';
import { Secret } from './secret.ts';

export type HeldCredentials =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'login'; readonly login: Login; readonly passphrase: Secret | null };

export class Vault {
  private readonly held = new Map<MachineId, HeldCredentials>();

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

  drop(machineId: MachineId): void {
    const credentials = this.held.get(machineId);
    this.held.delete(machineId);
    if (credentials === undefined) return;
    if (credentials.kind === 'password') credentials.password.wipe();
    else credentials.passphrase?.wipe();
  }

  dropAll(): void {
    for (const machineId of [...this.held.keys()]) this.drop(machineId);
  }
}
