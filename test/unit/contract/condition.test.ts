// The language of conditions: what each term means, and what is wrong with what is none.
import { describe, expect, it } from 'vitest';
import { readCondition } from '../../../electron/contract/condition.ts';
import { offerConstraintsSchema } from '../../../electron/contract/constraints.ts';

const attribute = (name: string) => ({ kind: 'attribute', name });
const termsOf = (text: string) => {
  const read = readCondition(text);
  return read.ok ? (read.constraints?.groups ?? null) : read.fault;
};

describe('a condition', () => {
  it.each([
    ['rack=2', attribute('rack'), { kind: 'text-equals', value: '2' }],
    ['rack != 2 ', attribute('rack'), { kind: 'text-not-equals', value: '2' }],
    ['os=linux', attribute('mesolite.os'), { kind: 'text-equals', value: 'linux' }],
    ['mesolite.os=linux', attribute('mesolite.os'), { kind: 'text-equals', value: 'linux' }],
    ['engine.docker exists', attribute('mesolite.engine.docker'), { kind: 'exists' }],
    ['gpu not  exists', attribute('mesolite.gpu'), { kind: 'not-exists' }],
    ['exists exists', attribute('exists'), { kind: 'exists' }],
    ['host~gpu-[0-9]+', { kind: 'hostname' }, { kind: 'text-matches', regex: 'gpu-[0-9]+' }],
    ['machine!~demo-.*', attribute('mesolite.machine'), { kind: 'text-not-matches', regex: 'demo-.*' }],
    ['room=server room', attribute('room'), { kind: 'text-equals', value: 'server room' }],
    ['room="a, \\"b\\" \\\\"', attribute('room'), { kind: 'text-equals', value: 'a, "b" \\' }],
    ['room=""', attribute('room'), { kind: 'text-equals', value: '' }],
    ['expression=a=b', attribute('expression'), { kind: 'text-equals', value: 'a=b' }],
    ['机架=1', null, null],
  ])('reads %s', (text, selector, predicate) => {
    if (selector === null) expect(termsOf(text)).toMatchObject({ problem: 'name' });
    else expect(termsOf(text)).toEqual([[{ selector, predicate }]]);
  });

  it('holds when all its terms hold', () => {
    expect(termsOf('os=linux, rack!=2,gpu exists')).toHaveLength(1);
    expect(termsOf('os=linux, rack!=2,gpu exists')).toMatchObject([[{}, {}, {}]]);
  });

  it('is none when nothing is written', () => {
    expect(readCondition('  ')).toEqual({ ok: true, constraints: null });
  });

  it.each([
    ['=2', 'name', '=2'],
    ['rack=1,', 'name', ''],
    ['rack=1,,gpu exists', 'name', ',gpu exists'],
    ['rack', 'operator', 'rack'],
    ['rack is 2', 'operator', 'rack is 2'],
    ['rack > 2', 'operator', 'rack > 2'],
    ['gpu existsnot', 'operator', 'gpu existsnot'],
    ['gpu exists rack=2', 'operator', 'rack=2'],
    ['rack="2" 3', 'operator', '3'],
    ['rack=', 'value', 'rack='],
    ['rack=,os=linux', 'value', 'rack=,os=linux'],
    ['rack="2', 'quote', 'rack="2'],
    ['rack=a"b"', 'operator', '"b"'],
    [`rack=${'x'.repeat(1000)}`, 'too-long', ''],
    [Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(','), 'too-long', ''],
  ])('says what is wrong with %s', (text, problem, near) => {
    expect(readCondition(text)).toEqual({ ok: false, fault: { problem, near } });
  });

  it('is in the shape of the contract', () => {
    const read = readCondition('os=linux, rack!=2, a~b, c!~d, gpu exists, x not exists, host=me');
    expect(read.ok && offerConstraintsSchema.safeParse(read.constraints).success).toBe(true);
  });
});
