import { describe, expect, it } from 'vitest';
import type { FindChange } from '../../../../electron/contract/discovery.ts';
import { ok } from '../../../../electron/contract/errors.ts';
import type { Discovery, OpenSearch } from '../../../../electron/shell/ports.ts';
import { discoveryRequests } from '../../../../electron/shell/requests/discovery.ts';

type Tell = Parameters<Discovery['open']>[0];
const nothing = { machines: [], gone: [], sources: [], isFull: false };
const network = { network: '192.168.1.0/24', iface: 'eth0', addresses: 253, partOf: null, isVirtual: false };

function rig() {
  const opened: { tell: Tell; did: string[]; ready: () => void }[] = [];
  const pushed: FindChange[] = [];
  const discovery: Discovery = {
    open: (tell) =>
      new Promise((resolve) => {
        const did: string[] = [];
        const search: OpenSearch = {
          networks: () => [network],
          probe: (request) => {
            did.push(`probe ${request.network} ${request.ports.join()}`);
            return ok(null);
          },
          stopProbe: () => void did.push('stop-probe'),
          close: () => {
            did.push('close');
            return Promise.resolve();
          },
        };
        opened.push({ tell, did, ready: () => resolve(search) });
      }),
    knownKey: ({ host, port, fingerprint }) =>
      Promise.resolve({
        here: [],
        isRevoked: false,
        alsoAs: [`${host} ${port} ${fingerprint}`],
        alsoHashed: 0,
      }),
  };
  const requests = discoveryRequests(
    discovery,
    () => (_channel, push) => void pushed.push(push as FindChange),
  );
  const open = async () => {
    const answer = requests['discovery:open']({}, { id: 1 });
    opened.at(-1)?.ready();
    const result = await answer;
    return result.ok ? result.value.searchId : 0;
  };
  return { requests, opened, pushed, open };
}
const from = { id: 1 };
const other = { id: 2 };

describe('a search for a window', () => {
  it('tells the window what is found, and which networks can be probed', async () => {
    const { requests, opened, pushed } = rig();
    const answer = requests['discovery:open']({}, from);
    // Before the answer: the first news must not be lost.
    opened[0]?.tell(nothing);
    opened[0]?.ready();
    expect(await answer).toEqual(ok({ searchId: 1, networks: [network] }));
    opened[0]?.tell(nothing);
    expect(pushed.map(({ searchId }) => searchId)).toEqual([1, 1]);
  });

  it('probes and stops only for the window that has opened it', async () => {
    const { requests, opened, open } = rig();
    const searchId = await open();
    const asked = { searchId, network: '192.168.1.0/24', ports: [22] };
    expect(await requests['discovery:probe'](asked, other)).toMatchObject({
      refusal: { reason: 'no-such-search' },
    });
    expect(await requests['discovery:probe'](asked, from)).toEqual(ok(null));
    await requests['discovery:stop-probe']({ searchId }, other);
    await requests['discovery:close']({ searchId }, other);
    expect(opened[0]?.did).toEqual(['probe 192.168.1.0/24 22']);
    await requests['discovery:stop-probe']({ searchId }, from);
    await requests['discovery:close']({ searchId }, from);
    expect(opened[0]?.did).toEqual(['probe 192.168.1.0/24 22', 'stop-probe', 'close']);
    expect(await requests['discovery:probe'](asked, from)).toMatchObject({
      refusal: { reason: 'no-such-search' },
    });
  });

  it('ends when another one is opened, and when the window goes', async () => {
    const { requests, opened, pushed, open } = rig();
    await open();
    await open();
    expect(opened[0]?.did).toEqual(['close']);
    opened[0]?.tell(nothing);
    expect(pushed).toEqual([]);
    requests.endSearch(from);
    expect(opened[1]?.did).toEqual(['close']);
  });

  it('is closed as soon as it is open when the window has gone meanwhile', async () => {
    const { requests, opened } = rig();
    const answer = requests['discovery:open']({}, from);
    requests.endSearch(from);
    opened[0]?.ready();
    expect(await answer).toMatchObject({ refusal: { reason: 'no-such-search' } });
    expect(opened[0]?.did).toEqual(['close']);
  });
});

it('what known_hosts says of a key is asked without a search', async () => {
  const { requests, opened } = rig();
  const asked = { host: 'nas.local', port: 22, fingerprint: 'SHA256:x' };
  expect(await requests['discovery:known-key'](asked, from)).toMatchObject(
    ok({ alsoAs: ['nas.local 22 SHA256:x'] }),
  );
  expect(opened).toHaveLength(0);
});
