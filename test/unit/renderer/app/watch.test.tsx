// What ends in a refusal is told once: by whoever asked when it was refused at once, by the watch when that came later.
import { act } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import type { OperationRecord } from '../../../../electron/contract/operation.ts';
import { watchOperations } from '../../../../renderer/app/watch.ts';
import { toastStore } from '../../../../renderer/store/toasts.ts';
import { type Drawn, draw } from '../window.tsx';

let drawn: Drawn;
let unwatch: () => void;
afterEach(() => {
  unwatch();
  drawn.close();
});

const gone = { code: 'conflict', reason: 'agent-gone', detail: 'a-1' } as const;

async function refused(change: Pick<OperationRecord, 'verb' | 'subject' | 'stage'>): Promise<string[]> {
  drawn = await draw(null);
  unwatch = watchOperations();
  const { cluster } = drawn;
  const put = (each: Parameters<typeof cluster.operation>[0]) =>
    act(() => {
      cluster.operation(each);
      cluster.flush();
    });
  // The first look is at what is history already.
  put({ verb: 'run-task', subject: 'before', stage: 'accepted', refusal: gone });
  put({ ...change, refusal: gone });
  return toastStore.getState().toasts.map(({ text }) => text);
}

it('tells what was accepted and failed later', async () => {
  const toasts = await refused({ verb: 'run-task', subject: 'train', stage: 'accepted' });
  expect(toasts).toHaveLength(1);
  expect(toasts[0]).toMatch(/^run train: /);
});

it('leaves what was refused at once to the dialog or the button that asked', async () => {
  expect(await refused({ verb: 'partition-machine', subject: 'gpu-2', stage: 'asked' })).toEqual([]);
});
