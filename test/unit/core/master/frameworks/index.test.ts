// The allocator's index is a cache: whatever has happened, and whatever step was thrown away, it is what the tables say.
import { describe, expect, it } from 'vitest';
import type { AllocatorSnapshot } from '../../../../../electron/core/allocator/types.ts';
import { createRandom } from '../../../../../electron/core/kernel/random.ts';
import { AllocatorCell } from '../../../../../electron/core/master/frameworks/index-cell.ts';
import { withIndex } from '../../../../../electron/core/master/frameworks/index-sync.ts';
import type { State } from '../../../../../electron/core/master/state.ts';
import { step } from '../../../../../electron/core/master/step.ts';
import { aHello, aMachine, frameworkId, machineId } from '../../../../support/builders.ts';
import { CoreRig } from '../../../../support/core-rig.ts';
import { aFramework } from '../../../../support/some-calls.ts';
import { someEvents } from '../../../../support/some-events.ts';

/** Clients that hold nothing and wait for nothing may linger in the cache: they change no answer. */
function contentOf({ tables, session }: State, cell: AllocatorCell) {
  const seen = { tables, filters: session.filters };
  const { agents, clients, holdings, filters, weights, quotas }: AllocatorSnapshot = withIndex(
    cell,
    seen,
    (index) => index.snapshot(),
  );
  const held = new Set(holdings.map(({ frameworkId, role }) => `${frameworkId} ${role}`));
  return {
    agents: [...agents].sort((a, b) => (a.agentId < b.agentId ? -1 : 1)),
    clients: clients
      .filter((client) => client.active || held.has(`${client.frameworkId} ${client.role}`))
      .map((client) => ({ ...client, allocations: 0 })),
    holdings,
    filters,
    weights,
    quotas,
  };
}

describe('the index that is kept', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'is that of a fresh one after a random walk with steps thrown away (seed %i)',
    (seed) => {
      const random = createRandom(seed);
      const events = someEvents((values) => values[Math.floor(random() * values.length)] as never);
      const rig = new CoreRig({ machines: [aMachine('one'), aMachine('two')] });
      rig.post({ kind: 'local-machine-found', machineId: machineId('here'), name: 'here' });
      for (const name of ['one', 'two']) rig.post(aHello(name));
      rig.post({
        kind: 'call-scheduler-api',
        call: {
          kind: 'SUBSCRIBE',
          frameworkId: frameworkId('x'),
          info: aFramework(),
          suppressedRoles: [],
          streamId: 's1',
        },
      });
      let compared = 0;
      for (let n = 0; n < 250; n += 1) {
        const make = events[Math.floor(random() * events.length)];
        if (!make) continue;
        const event = make();
        const stamp = { seq: 1_000_000 + n, atMs: rig.atMs, monoMs: rig.monoMs + 50 };
        // Stepped and never committed, as when the disk fails.
        if (random() < 0.3) step(rig.state, { ...event, ...stamp });
        else rig.post(event);
        if (random() < 0.4) rig.pass(Math.floor(random() ** 4 * 20_000));
        if (n % 10 !== 0) continue;
        const kept = contentOf(rig.state, rig.state.session.cell);
        expect(kept).toEqual(contentOf(rig.state, new AllocatorCell()));
        compared += kept.holdings.length + kept.clients.length;
      }
      expect(compared).toBeGreaterThan(0);
    },
  );
});
