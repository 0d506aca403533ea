import { describe, expect, it } from 'vitest';
import {
  emptyJumps,
  hasJumps,
  jumpLoginFaults,
  jumpsRequest,
  throughFault,
} from '../../../../../renderer/pages/dialogs/add-jumps-form.ts';

const agent = { ...emptyJumps, loginKind: 'ssh-agent' } as const;
const byPassword = { ...emptyJumps, loginKind: 'password', password: 'lab' } as const;

describe('the way there as text', () => {
  it('is nothing when nothing is written', () => {
    expect(hasJumps({ ...agent, through: ' , ' })).toBe(false);
    expect(jumpsRequest({ ...agent, through: '' }, 'ada')).toEqual({});
    expect(jumpLoginFaults(emptyJumps, false)).toEqual({});
  });

  it('takes user and port of each, else those of the machine and 22', () => {
    const credentials = { kind: 'login', login: { kind: 'ssh-agent' }, passphrase: null };
    const { jumps } = jumpsRequest({ ...agent, through: 'ops@gate:2222, second ,[2001:db8::1]:22' }, 'ada');
    expect(jumps).toEqual([
      { address: 'gate', port: 2222, user: 'ops', credentials },
      { address: 'second', port: 22, user: 'ada', credentials },
      { address: '2001:db8::1', port: 22, user: 'ada', credentials },
    ]);
  });

  it('has a password without a key of ours being planted', () => {
    const { jumps } = jumpsRequest({ ...byPassword, through: 'gate' }, 'ada');
    expect(jumps?.[0]?.credentials).toEqual({ kind: 'password', password: 'lab' });
  });

  it.each([
    ['gate', agent, null],
    ['a b', agent, 'add.bad.jumps'],
    ['gate:0', agent, 'add.bad.jumps'],
    ['a@b@c', agent, 'add.bad.jumps'],
    ['a,b,c,d,e,f,g,h,i', agent, 'add.bad.jumps-many'],
    ['a,b', byPassword, 'add.bad.jumps-password'],
    ['a', byPassword, null],
  ] as const)('%s is judged before it is sent', (through, form, fault) => {
    expect(throughFault({ ...form, through }, 'ada')).toBe(fault);
  });

  it('needs a user when none is known', () => {
    expect(throughFault({ ...agent, through: 'gate' }, '')).toBe('add.bad.jumps');
  });
});
