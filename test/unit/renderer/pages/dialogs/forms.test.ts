// @vitest-environment node
// The forms: what is pasted, what is said to be wrong, and that every request they make passes the contract.
import { describe, expect, it } from 'vitest';
import { requestSchemas } from '../../../../../electron/contract/channels.ts';
import type { MachineId } from '../../../../../electron/contract/ids.ts';
import {
  type AddForm,
  faultsOf,
  requestOf,
  takeApart,
} from '../../../../../renderer/pages/dialogs/add-machine-form.ts';
import {
  argvOf,
  emptyRun,
  environmentOf,
  type RunForm,
  runFaults,
  runRequest,
  runSamples,
} from '../../../../../renderer/pages/dialogs/run-task-form.ts';
import { commandLine, quote } from '../../../../../renderer/parts/command-line.ts';

const form: AddForm = {
  name: '',
  address: 'gpu-2.lan',
  port: '22',
  user: 'ada',
  loginKind: 'key-file',
  keyFile: '/home/me/.ssh/id_ed25519',
  passphrase: '',
  password: '',
};

describe('adding a machine', () => {
  it.each([
    ['ada@gpu-2:2222', { user: 'ada', address: 'gpu-2', port: '2222' }],
    ['ada@192.168.1.31', { user: 'ada', address: '192.168.1.31' }],
    ['gpu-2:2222', { address: 'gpu-2', port: '2222' }],
    ['ssh://ada@gpu-2:2222/', { user: 'ada', address: 'gpu-2', port: '2222' }],
    ['ssh -p 2222 ada@gpu-2', { user: 'ada', address: 'gpu-2', port: '2222' }],
    ['ssh ada@gpu-2', { user: 'ada', address: 'gpu-2' }],
    ['ada@[2001:db8::1]:22', { user: 'ada', address: '2001:db8::1', port: '22' }],
    ['[2001:db8::1]', { address: '2001:db8::1' }],
    ['  ada@gpu-2  ', { user: 'ada', address: 'gpu-2' }],
  ])('takes %s apart', (text, parts) => {
    expect(takeApart(text)).toEqual(parts);
  });

  it.each(['gpu-2', '192.168.1.31', '2001:db8::1', 'two words', '', 'a@b@c'])(
    'leaves %j as it is',
    (text) => {
      expect(takeApart(text)).toBeNull();
    },
  );

  it.each([
    [{ address: '' }, { address: 'add.bad.address-empty' }],
    [{ address: 'a b' }, { address: 'add.bad.address' }],
    [{ port: '0' }, { port: 'add.bad.port' }],
    [{ port: '65536' }, { port: 'add.bad.port' }],
    [{ port: '2e3' }, { port: 'add.bad.port' }],
    [{ user: '' }, { user: 'add.bad.user-empty' }],
    [{ user: 'a b' }, { user: 'add.bad.user' }],
    [{ keyFile: '' }, { keyFile: 'add.bad.key-file' }],
    [{ loginKind: 'password' }, { password: 'add.bad.password' }],
    [{ loginKind: 'ssh-agent' }, { loginKind: 'add.bad.agent' }],
    [{}, {}],
  ] as const)('says of %j what is wrong', (change, faults) => {
    expect(faultsOf({ ...form, ...change }, false)).toEqual(faults);
  });

  it.each(['key-file', 'ssh-agent', 'password'] as const)(
    'makes a request the contract takes, with %s',
    (loginKind) => {
      const request = requestOf({ ...form, loginKind, password: 'secret', passphrase: 'p' });
      expect(requestSchemas['machine:add'].safeParse(request).success).toBe(true);
    },
  );
});

const run: RunForm = { ...emptyRun, machineId: 'm-gpu-2' as MachineId, line: 'echo hello' };
const target = { total: { cpusMilli: 500, memMib: 128, gpus: 0 }, hasEngine: true };

describe('running a task', () => {
  it.each([
    [{ line: '  ' }, 'command'],
    [{ machineId: null, where: 'os' }, 'where'],
    [{ machineId: null, where: 'os=linux,' }, 'where'],
    [{ cpus: '0' }, 'cpus'],
    [{ cpus: '0.6' }, 'cpus'],
    [{ cpus: 'x' }, 'cpus'],
    [{ mem: '1.5' }, 'mem'],
    [{ mem: '256' }, 'mem'],
    [{ graceS: '-1' }, 'graceS'],
    [{ env: 'A=1\nnonsense' }, 'env'],
    [{ isShell: false, argv: '' }, 'command'],
  ] as const)('says of %j that %s is wrong', (change, field) => {
    expect(Object.keys(runFaults({ ...run, ...change }, target))).toEqual([field]);
  });

  it('asks for more than a machine has only of any machine, where it can wait for a larger one', () => {
    const large = { ...run, cpus: '900' };
    expect(Object.keys(runFaults(large, target))).toEqual(['cpus']);
    expect(runFaults({ ...large, machineId: null }, { ...target, total: null })).toEqual({});
  });

  it('keeps a condition to itself when one machine is chosen', () => {
    expect(runRequest({ ...run, where: 'os=linux' })).not.toHaveProperty('where');
    expect(runRequest({ ...run, machineId: null, where: ' os=linux ' })).toMatchObject({ where: 'os=linux' });
  });

  it('takes a comma as a decimal point', () => {
    expect(runRequest({ ...run, cpus: '0,25' })?.cpusMilli).toBe(250);
  });

  it('keeps everything after the first equals sign of a variable, and its spaces', () => {
    expect(environmentOf('A=1=2\n\nB= x ')).toEqual({
      ok: true,
      environment: [
        { name: 'A', value: '1=2' },
        { name: 'B', value: ' x ' },
      ],
    });
  });

  it('takes one argument a line and expands nothing', () => {
    expect(argvOf('/bin/echo\na b\n\n$HOME\n')).toEqual(['/bin/echo', 'a b', '', '$HOME']);
  });

  it.each([
    run,
    { ...run, isShell: false, argv: '/bin/echo\nx' },
    { ...run, env: 'A=1', folder: '/tmp', user: 'ada', name: 'n' },
    { ...run, machineId: null },
    { ...run, machineId: null, where: 'os=linux, rack!=2' },
    ...runSamples.map((sample) => ({ ...run, ...sample.change })),
  ])('makes a request the contract takes', (each) => {
    expect(requestSchemas['task:run'].safeParse(runRequest(each)).success).toBe(true);
  });
});

describe('a command as a line', () => {
  it.each([
    ['plain', 'plain'],
    ['two words', "'two words'"],
    ["it's", "'it'\\''s'"],
    ['', "''"],
    ['$(x)', "'$(x)'"],
  ])('quotes %j as %s', (argument, text) => {
    expect(quote(argument)).toBe(text);
  });

  it('shows a shell line as it is', () => {
    const command = {
      shell: true,
      value: 'echo  $A',
      arguments: [],
      environment: [],
      workingFolder: null,
      user: null,
    };
    expect(commandLine(command)).toBe('echo  $A');
    expect(commandLine({ ...command, shell: false, value: '/bin/a', arguments: ['/bin/a', 'b c'] })).toBe(
      "/bin/a 'b c'",
    );
  });
});
