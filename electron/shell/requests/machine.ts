// Machines: each request becomes one command of the master; secrets go to the ssh adapter's memory beside it.
import type { AddMachine } from '../../contract/channels.ts';
import { ok, type Result } from '../../contract/errors.ts';
import type { AskedJump } from '../../core/kernel/events.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { Ids, Master, Secrets } from '../ports.ts';

type AskedJumpHost = NonNullable<AddMachine['jumps']>[number];
type Names =
  | 'machine:add'
  | 'machine:confirm-host-key'
  | 'machine:retry-add'
  | 'machine:cancel-add'
  | 'machine:pause-add'
  | 'machine:dismiss-lane'
  | 'machine:remove'
  | 'machine:reconnect'
  | 'machine:take-over'
  | 'machine:edit'
  | 'machine:drain'
  | 'machine:deactivate'
  | 'machine:reactivate'
  | 'machine:plan-maintenance';

export function machineRequests(master: Master, ids: Ids, secrets: Secrets): Pick<Handlers, Names> {
  return {
    'machine:add': async (request) => {
      const machineId = ids.machine();
      const operationId = ids.operation();
      const { name, address, port, user, credentials, jumps = [] } = request;
      // Before the command: its first effect may already log in.
      secrets.hold(
        machineId,
        credentials,
        jumps.map((jump) => jump.credentials),
      );
      const done = await master.command({
        kind: 'add-machine',
        machineId,
        operationId,
        name,
        address,
        port,
        user,
        credentials: credentials.kind,
        ...(jumps.length > 0 ? { jumps: jumps.map(withoutSecret) } : {}),
      });
      if (!done.ok) secrets.drop(machineId);
      return withValue(done, { machineId, operationId });
    },
    'machine:confirm-host-key': (request) => master.command({ kind: 'confirm-host-key', ...request }),
    'machine:retry-add': async ({ machineId, credentials }) => {
      if (credentials) secrets.hold(machineId, credentials);
      return master.command({ kind: 'retry-add', machineId, operationId: ids.operation() });
    },
    'machine:cancel-add': (request) => master.command({ kind: 'cancel-add', ...request }),
    'machine:pause-add': (request) => master.command({ kind: 'pause-add', ...request }),
    'machine:dismiss-lane': (request) => master.command({ kind: 'dismiss-lane', ...request }),
    'machine:remove': async (request) => {
      const operationId = ids.operation();
      return withValue(await master.command({ kind: 'remove-machine', operationId, ...request }), {
        operationId,
      });
    },
    'machine:reconnect': (request) => master.command({ kind: 'reconnect', ...request }),
    'machine:take-over': (request) => master.command({ kind: 'take-over', ...request }),
    'machine:edit': (request) => master.command({ kind: 'edit-machine', ...request }),
    'machine:drain': async (request) => {
      const operationId = ids.operation();
      const command = { kind: 'drain-agent', operationId, ...request } as const;
      return withValue(await master.command(command), { operationId });
    },
    'machine:deactivate': (request) => master.command({ kind: 'deactivate-agent', ...request }),
    'machine:reactivate': (request) => master.command({ kind: 'reactivate-agent', ...request }),
    'machine:plan-maintenance': (request) => master.command({ kind: 'plan-maintenance', ...request }),
  };
}

function withoutSecret({ address, port, user, credentials }: AskedJumpHost): AskedJump {
  const login = credentials.kind === 'password' ? ({ kind: 'password' } as const) : credentials.login;
  return { address, port, user, login };
}

export function withValue<T>(done: Result<null>, value: T): Result<T> {
  return done.ok ? ok(value) : done;
}
