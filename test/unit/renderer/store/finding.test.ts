// @vitest-environment node
import { describe, expect, it } from 'vitest';
import type { FindChange, FoundMachine } from '../../../../electron/contract/discovery.ts';
import { countFinds, listFinds, readPorts } from '../../../../renderer/pages/find/find-list.ts';
import { isHere, prefillOf, sshPortOf } from '../../../../renderer/parts/found.ts';
import { applyChange, findingStore } from '../../../../renderer/store/finding.ts';
import { hashToRoute, routeToHash } from '../../../../renderer/store/view.ts';

const aFind = (id: string, part: Partial<FoundMachine> = {}): FoundMachine => ({
  id,
  title: id,
  names: [],
  addresses: [],
  macs: [],
  vendor: null,
  model: null,
  ports: [],
  hostKeys: [],
  logins: [],
  seenBy: ['neighbours'],
  seenAtMs: 0,
  guess: null,
  sharesKeyWith: [],
  ...part,
});
const change = (searchId: number, part: Partial<FindChange> = {}): FindChange => ({
  searchId,
  machines: [],
  gone: [],
  sources: [],
  isFull: false,
  ...part,
});

describe('changes of a search', () => {
  const start = findingStore.getInitialState();

  it('come in pieces', () => {
    const one = applyChange(start, change(1, { machines: [aFind('c-1'), aFind('c-2')] }));
    const two = applyChange(one, change(1, { machines: [aFind('c-2', { title: 'new' })], gone: ['c-1'] }));
    expect([...two.machines.values()].map(({ title }) => title)).toEqual(['new']);
  });

  it('of a newer one begin anew, of an older one are late', () => {
    const one = applyChange(start, change(1, { machines: [aFind('c-1')] }));
    const two = applyChange(one, change(2, { machines: [aFind('c-9')] }));
    expect([...two.machines.keys()]).toEqual(['c-9']);
    expect(applyChange(two, change(1, { machines: [aFind('c-1')] }))).toBe(two);
  });
});

describe('the list of finds', () => {
  const port = (state: 'open' | 'said' | 'closed', banner: string | null = null) => [
    { port: 22, state, banner },
  ];
  const all = [
    aFind('c-1', { addresses: ['10.0.0.10'], ports: port('closed') }),
    aFind('c-2', { addresses: ['10.0.0.9'], ports: port('open', 'SSH-2.0-x') }),
    aFind('c-3', { addresses: ['10.0.0.100'], ports: port('open', 'SSH-2.0-x') }),
    aFind('c-4', { addresses: ['10.0.0.2'] }),
    aFind('c-5', { seenBy: ['ssh-config'] }),
    aFind('c-6', { seenBy: ['known-hosts'] }),
    aFind('c-7', { addresses: ['10.0.0.7'], seenBy: ['ssh-config', 'neighbours'] }),
  ];

  it('has what answers first, then goes by address', () => {
    expect(listFinds(all, 'here', '').map(({ id }) => id)).toEqual(['c-2', 'c-3', 'c-4', 'c-7', 'c-1']);
  });

  it('keeps files apart from what is here', () => {
    expect(countFinds(all)).toEqual({ here: 5, config: 2, known: 1 });
    expect(listFinds(all, 'config', '').map(({ id }) => id)).toEqual(['c-7', 'c-5']);
    expect(all.filter(isHere)).toHaveLength(5);
  });

  it('is searched by every name and address', () => {
    expect(listFinds(all, 'here', '0.0.9').map(({ id }) => id)).toEqual(['c-2']);
    expect(listFinds(all, 'here', 'nothing')).toEqual([]);
  });
});

describe('what is filled in before a machine is added', () => {
  it('comes from its own words', () => {
    const found = aFind('c-1', {
      title: 'attic',
      addresses: ['10.0.0.5'],
      ports: [
        { port: 80, state: 'open', banner: 'HTTP/1.1 400 Bad Request' },
        { port: 2222, state: 'open', banner: 'SSH-2.0-x' },
      ],
    });
    expect(sshPortOf(found)?.port).toBe(2222);
    expect(prefillOf(found)).toEqual({
      name: 'attic',
      address: '10.0.0.5',
      port: '2222',
      user: null,
      keyFile: null,
    });
  });

  it('comes from ~/.ssh/config before that', () => {
    const login = { alias: 'a', address: 'a.lan', port: 2200, user: 'me', identityFiles: ['/k'], jumps: [] };
    expect(prefillOf(aFind('a.lan', { addresses: ['10.0.0.5'], logins: [login] }))).toEqual({
      name: '',
      address: 'a.lan',
      port: '2200',
      user: 'me',
      keyFile: '/k',
    });
  });
});

it.each([
  ['22', [22]],
  ['22, 2222;80', [22, 2222, 80]],
  ['22 22', [22]],
  ['', null],
  ['0', null],
  ['65536', null],
  ['ssh', null],
  ['1 2 3 4 5 6 7 8 9', null],
])('ports %s are %s', (text, ports) => {
  expect(readPorts(text)).toEqual(ports);
});

it.each(['#/find', '#/find/config', '#/find/known'])('%s is a place to come back to', (hash) => {
  expect(routeToHash(hashToRoute(hash))).toBe(hash);
});
