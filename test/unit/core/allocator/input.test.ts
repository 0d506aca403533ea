import { describe, expect, it } from 'vitest';
import { compileRegex } from '../../../../electron/core/allocator/regex.ts';
import { refuseRole } from '../../../../electron/core/allocator/role-names.ts';
import { amountsFromMesos } from '../../../../electron/core/allocator/scalars.ts';
import type { ConstraintPredicate } from '../../../../electron/core/allocator/types.ts';
import {
  accepted,
  agent,
  allocatorWith,
  amounts,
  answerOf,
  client,
  demand,
  given,
  holding,
  noAmounts,
  run,
} from '../../../support/allocator-rig.ts';

const some = amounts(1000, 1000);

describe('names of roles', () => {
  it.each(['*', 'role', 'eng/dev', 'a.b', 'a-b', '..a', 'a/-b'.replace('-', 'x'), 'Ω', 'a*'])(
    '%j is one',
    (role) => {
      expect(refuseRole(role)).toBeNull();
    },
  );

  it.each([
    '',
    '.',
    '..',
    'a/.',
    'a/../b',
    '-a',
    'a/-b',
    '/a',
    'a/',
    'a//b',
    '*/a',
    'a/*',
    'a b',
    'a\tb',
    'a\nb',
    'a\u007fb',
    'a\u0008b',
    'x'.repeat(256),
    Array.from({ length: 17 }, () => 'a').join('/'),
  ])('%j is none', (role) => {
    expect(refuseRole(role)?.reason).toBe('role-name');
  });
});

describe('amounts', () => {
  it.each([
    [-1, 'amount-negative'],
    [Number.NaN, 'amount-not-a-number'],
    [Infinity, 'amount-not-a-number'],
    [0.5, 'amount-fractional'],
    [2 ** 40, 'amount-too-big'],
  ])('of %d are refused wherever they come in: %s', (cpusMilli, reason) => {
    const bad = amounts(cpusMilli, 0);
    const allocator = allocatorWith({ agents: [agent('a')], clients: [client('x')] });
    const before = allocator.snapshot();
    const reserved = [{ reservationId: 'r', amounts: bad }];
    const refused = { unreserved: noAmounts, reserved: bad };
    const answers = [
      allocator.putAgent(agent('b', { amounts: bad })),
      allocator.putAgent(
        agent('b', { reservations: [{ id: 'r', role: 'r', amounts: bad, kind: 'static' }] }),
      ),
      allocator.putClient(client('y', 'role', { demand: [demand(bad, 1)] })),
      allocator.putClient(client('y', 'role', { unit: bad })),
      allocator.putClient(client('y', 'role', { minAllocatable: [bad] })),
      allocator.hold(holding('x', 'role', 'a', bad)),
      allocator.hold(holding('x', 'role', 'a', noAmounts, { reserved })),
      allocator.release(holding('x', 'role', 'a', bad)),
      allocator.addFilter({ frameworkId: 'x', role: 'role', agentId: 'a', refused, untilMonoMs: 1 }),
      allocator.setQuota('role', { guarantee: {}, limit: bad }),
      allocator.setSettings({ minAllocatable: [bad], filterGpuAgents: true, excludedFromShare: [] }),
    ];
    expect(answers.map(answerOf)).toEqual(answers.map(() => reason));
    expect(allocator.snapshot()).toEqual(before);
  });

  it('as Mesos writes them are exact to a thousandth', () => {
    expect(
      accepted(amountsFromMesos({ cpus: 0.1 + 0.2, mem: 128, disk: 5, gpus: 1, licences: 1.5 })),
    ).toEqual({
      ...amounts(300, 128, { diskMib: 5, gpus: 1 }),
      custom: { licences: 1500 },
    });
    for (const bad of [{ cpus: 0.0001 }, { mem: 0.5 }, { gpus: 1.5 }, { licences: 0.0005 }]) {
      expect(answerOf(amountsFromMesos(bad))).toBe('amount-fractional');
    }
    expect(answerOf(amountsFromMesos({ cpus: -0.001 }))).toBe('amount-negative');
    expect(answerOf(amountsFromMesos({ cpus: Number.NaN }))).toBe('amount-not-a-number');
  });

  it('of scalars of any name count in shares like the others', () => {
    const custom = (licences: number) => ({ ...noAmounts, custom: { licences } });
    const allocator = allocatorWith({
      agents: [agent('a')],
      clients: ['x', 'y'].map((id) => client(id, id, { demand: [demand(custom(1000), 5)] })),
    });
    expect(run(allocator)).toEqual([]);
    accepted(
      allocator.putAgent(agent('a', { amounts: { ...amounts(8000, 8192), custom: { licences: 6000 } } })),
    );
    expect(run(allocator).map(({ parts }) => parts.unreserved.custom)).toEqual([
      { licences: 3000 },
      { licences: 3000 },
    ]);
    expect(allocator.sums().roles.map(({ share, dominant }) => [share, dominant])).toEqual([
      [0.5, 'licences'],
      [0.5, 'licences'],
    ]);
  });

  it('of custom scalars have a name that is none of ours', () => {
    for (const name of ['cpusMilli', '', 'a b', 'x'.repeat(65)]) {
      const bad = { ...noAmounts, custom: { [name]: 1 } };
      expect(answerOf(allocatorWith({}).putAgent(agent('a', { amounts: bad })))).toBe('scalar-name');
    }
  });
});

describe('what does not fit together', () => {
  const allocator = () => allocatorWith({ agents: [agent('a')], clients: [client('x')] });

  it.each([
    ['an agent nobody knows', () => allocator().dropAgent('q'), 'agent-unknown'],
    [
      'a client nobody knows',
      () => allocator().dropClient({ frameworkId: 'q', role: 'role' }),
      'client-unknown',
    ],
    [
      'a holding of an unknown agent',
      () => allocator().hold(holding('x', 'role', 'q', some)),
      'agent-unknown',
    ],
    [
      'a holding by an unknown client',
      () => allocator().hold(holding('q', 'role', 'a', some)),
      'client-unknown',
    ],
    [
      'more than is free',
      () => allocator().hold(holding('x', 'role', 'a', amounts(8001, 0))),
      'more-than-free',
    ],
    ['more than is held', () => allocator().release(holding('x', 'role', 'a', some)), 'more-than-held'],
    ['an agent without an id', () => allocator().putAgent(agent('')), 'agent-id'],
    ['a framework without an id', () => allocator().putClient(client('')), 'framework-id'],
    ['a role that is no name', () => allocator().putClient(client('y', '-r')), 'role-name'],
    ['a weight of nothing', () => allocator().setWeight('role', 0), 'weight'],
    ['a weight below nothing', () => allocator().setWeight('role', -1), 'weight'],
    ['a weight that is no number', () => allocator().setWeight('role', Number.NaN), 'weight'],
    [
      'ports that go down',
      () => allocator().putAgent(agent('b', { ports: [{ begin: 2, end: 1 }] })),
      'ports',
    ],
    [
      'ports that overlap',
      () =>
        allocator().putAgent(
          agent('b', {
            ports: [
              { begin: 1, end: 5 },
              { begin: 5, end: 6 },
            ],
          }),
        ),
      'ports',
    ],
    [
      'half a unit',
      () => allocator().putClient(client('y', 'role', { demand: [demand(some, 0.5)] })),
      'demand-count',
    ],
    [
      'a seed that is no integer',
      () => allocator().allocate({ agents: 'all', nowMonoMs: 0, seed: 0.5, apply: true }),
      'allocate-request',
    ],
    [
      'a reservation for everybody',
      () =>
        allocator().putAgent(
          agent('b', { reservations: [{ id: 'r', role: '*', amounts: some, kind: 'static' }] }),
        ),
      'reservation-role',
    ],
    [
      'more reserved than there is',
      () =>
        allocator().putAgent(
          agent('b', { reservations: [{ id: 'r', role: 'r', amounts: amounts(9000, 0), kind: 'static' }] }),
        ),
      'reserved-more-than-total',
    ],
    [
      'a reservation nobody knows',
      () =>
        allocator().hold(
          holding('x', 'role', 'a', noAmounts, { reserved: [{ reservationId: 'q', amounts: some }] }),
        ),
      'reservation-unknown',
    ],
  ])('%s is refused', (_name, act, reason) => {
    expect(answerOf(act())).toBe(reason);
  });

  it('a client that holds something stays', () => {
    const one = allocator();
    accepted(one.hold(holding('x', 'role', 'a', some)));
    expect(answerOf(one.dropClient({ frameworkId: 'x', role: 'role' }))).toBe('client-holds');
    accepted(one.dropAgent('a'));
    expect(answerOf(one.dropClient({ frameworkId: 'x', role: 'role' }))).toBe('accepted');
    expect(one.sums().roles).toEqual([]);
  });

  it('what an agent says runs there is held, also when it is too much', () => {
    const one = allocator();
    const much = holding('x', 'role', 'a', amounts(9000, 9000));
    expect(answerOf(one.hold(much))).toBe('more-than-free');
    accepted(one.hold(much, true));
    expect(one.sums().free).toEqual(noAmounts);
    expect(run(one)).toEqual([]);
    accepted(one.release(much));
    expect(given(run(one))).toEqual({ x: '8000/8192' });
  });
});

describe('regular expressions', () => {
  it.each([
    ['', ['']],
    ['a|b', ['a', 'b']],
    ['a*', ['', 'aaa']],
    ['(ab)+c?', ['ab', 'ababc']],
    ['[a-c\\d]{2,3}', ['a1', 'cab']],
    ['[^x]', ['y', '€']],
    ['\\w+\\.\\w+', ['a.b']],
    ['^r(?:1|2)$', ['r1']],
    ['a{2}', ['aa']],
    ['a{1,}', ['a', 'aaaa']],
    ['.', ['x', '😀']],
    ['[]a]', [']', 'a']],
    ['[a-]', ['-']],
    ['\\.\\/', ['./']],
    ['(a|)b', ['b', 'ab']],
    ['a+?b', ['ab', 'aab']],
    ['(?<n>a)', ['a']],
    ['a$b', []],
  ] as const)('%j matches what RegExp does', (pattern, texts) => {
    const matches = accepted(compileRegex(pattern));
    for (const text of texts) expect([text, matches(text)]).toEqual([text, true]);
    for (const text of ['q', 'aab?', 'r1 ', '\n']) {
      const real = pattern === '[]a]' ? '[\\]a]' : pattern;
      expect([text, matches(text)]).toEqual([text, new RegExp(`^(?:${real})$`, 'u').test(text)]);
    }
  });

  it.each([
    '(',
    ')',
    'a)',
    '[a',
    '*a',
    'a**',
    'a{3,2}',
    'a{101}',
    'a{1001}',
    `${'('.repeat(60)}a${')'.repeat(60)}`,
    '(?<=a)b',
    '\\pX',
    '(?=a)',
    '\\1',
    '\\',
    '[b-a]',
    '(a{50}){50}',
    'a'.repeat(2000),
  ])('%j is refused', (pattern) => {
    expect(answerOf(compileRegex(pattern))).toBe('constraint-regex');
  });

  it('take time by length, not by pattern', () => {
    const matches = accepted(compileRegex('(a*)*b'.replace('*)*', '*)*')));
    expect(matches('a'.repeat(20_000))).toBe(false);
  });

  it('in a constraint are refused before anything changes', () => {
    const allocator = allocatorWith({});
    const bad = (predicate: ConstraintPredicate) =>
      allocator.putClient(
        client('x', 'role', { constraints: { groups: [[{ selector: { kind: 'hostname' }, predicate }]] } }),
      );
    expect(answerOf(bad({ kind: 'text-matches', regex: '(' }))).toBe('constraint-regex');
    expect(allocator.snapshot().clients).toEqual([]);
  });
});
