// Roles and frameworks: figures and dry runs are answered from the state of the last commit; changes are commands.
import { ok } from '../../contract/errors.ts';
import type { Handlers } from '../ipc-gate.ts';
import type { Master, SharesView } from '../ports.ts';

type Names =
  | 'shares:view'
  | 'shares:preview'
  | 'role:change'
  | 'role:remove'
  | 'machine:partition'
  | 'framework:teardown';

export function roleRequests(master: Master, shares: SharesView): Pick<Handlers, Names> {
  return {
    'shares:view': () => ok(shares.now()),
    'shares:preview': ({ change }) => ok(shares.preview(change)),
    'role:change': (request) => master.command({ kind: 'change-role', ...request }),
    'role:remove': (request) => master.command({ kind: 'remove-role', ...request }),
    'machine:partition': (request) => master.command({ kind: 'partition-machine', ...request }),
    'framework:teardown': (request) => master.command({ kind: 'teardown-framework', ...request }),
  };
}
