// @vitest-environment node
// A refusal of the master stands at the field it is about: found from what the master's own rules say.
import { expect, it } from 'vitest';
import type { AgentId, MachineId } from '../../../../../../electron/contract/ids.ts';
import type { AgentRecord } from '../../../../../../electron/contract/machine.ts';
import { reasons } from '../../../../../../electron/contract/reasons.ts';
import type { TaskInfo } from '../../../../../../electron/contract/task.ts';
import type { Artifact, Check } from '../../../../../../electron/contract/task-life.ts';
import { refuseTask } from '../../../../../../electron/core/master/task-rules.ts';
import { fileRow } from '../../../../../../renderer/pages/dialogs/run/options-form.ts';
import { fieldOfRefusal } from '../../../../../../renderer/pages/dialogs/run/refusal-field.ts';
import { aTask, someFacts, someResources } from '../../../../../support/builders.ts';

const check = (probe: Check['probe']): Check => ({
  probe,
  delayMs: 0,
  intervalMs: 1000,
  timeoutMs: 1000,
  failures: 1,
  graceMs: 0,
});
const file = (path: string): Artifact => ({
  url: 'http://x/y',
  sha256: null,
  path,
  extract: false,
  executable: false,
});

const agent: AgentRecord = {
  id: 'a-1' as AgentId,
  machineId: 'm-1' as MachineId,
  version: '0.2.0',
  resources: someResources(),
  facts: someFacts({
    isolation: {
      cpu: 'quota',
      memory: 'cgroup',
      pids: 'cgroup',
      disk: 'watched',
      gpu: 'none',
      kill: 'cgroup',
      users: true,
    },
  }),
  registeredAtMs: 0,
  lastHelloAtMs: 0,
  state: { kind: 'active' },
};

const cases: readonly (readonly [string, Partial<TaskInfo>, string])[] = [
  ['a request above the CPU ceiling', { limits: { cpusMilli: 10 } }, 'limitCpus'],
  ['a request above the memory ceiling', { limits: { memMib: 1 } }, 'limitMem'],
  ['an empty check', { health: check({ kind: 'command', line: ' ' }) }, 'health.line'],
  ['a path with a space', { readiness: check({ kind: 'http', port: 80, path: '/a b' }) }, 'readiness.path'],
  ['one place for two files', { artifacts: [file('in'), file('in')] }, 'file.1.path'],
  ['a pattern with an open class', { results: ['out/[a'] }, 'results'],
  [
    'an engine that is not there',
    { container: { engine: null, image: 'x', pull: 'never', volumes: [], ports: [], network: 'host' } },
    'container',
  ],
];

it.each(cases)('%s', (_what, change, field) => {
  const refusal = refuseTask(aTask('one', change), agent);
  expect(refusal).not.toBeNull();
  if (refusal === null) return;
  const files = (change.artifacts ?? []).map((one) => fileRow({ url: one.url ?? '', path: one.path }));
  expect(fieldOfRefusal(refusal, files)).toBe(field);
});

it('has no place for what is about no field', () => {
  expect(fieldOfRefusal({ code: 'internal', reason: 'store-read-only', detail: '' }, [])).toBeNull();
  expect(fieldOfRefusal({ code: 'internal', reason: 'toString', detail: '' }, [])).toBeNull();
  expect(Object.hasOwn(reasons, 'store-read-only')).toBe(true);
});
