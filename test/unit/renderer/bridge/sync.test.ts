// @vitest-environment node
// The feed: patches that come early wait, a gap brings a new snapshot, a refused snapshot is asked again.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Answers, Bridge, Channel } from '../../../../electron/contract/channels.ts';
import { ok, type Result, refuse } from '../../../../electron/contract/errors.ts';
import type { FaultRecord } from '../../../../electron/contract/operation.ts';
import type { Patch, Snapshot } from '../../../../electron/contract/tables.ts';
import { setBridge } from '../../../../renderer/bridge/bridge.ts';
import { startSync } from '../../../../renderer/bridge/sync.ts';
import { applySnapshot, tableStore } from '../../../../renderer/store/tables.ts';
import { FakeTables } from '../../../support/fake-bridge/tables.ts';

const aFault = (id: string): FaultRecord => ({ id, kind: 'step-failed', detail: '', sinceMs: 1 });

/** A bridge whose snapshots are answered by hand. */
class HandBridge {
  readonly waiting: ((answer: Result<Snapshot>) => void)[] = [];
  listener: ((patch: Patch) => void) | undefined;
  readonly bridge: Bridge = {
    invoke: <C extends Channel>(channel: C) => {
      expect(channel).toBe('state:snapshot');
      return new Promise<Result<Answers[C]>>((resolve) => {
        this.waiting.push(resolve as (answer: Result<Snapshot>) => void);
      });
    },
    subscribe: (channel, listener) => {
      if (channel === 'state:patch') this.listener = listener as never;
      return () => undefined;
    },
  };
  async answer(answer: Result<Snapshot>): Promise<void> {
    this.waiting.shift()?.(answer);
    await vi.advanceTimersByTimeAsync(0);
  }
}

let hand: HandBridge;
let master: FakeTables;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  applySnapshot(new FakeTables().snapshot());
  tableStore.setState({ status: 'loading', seq: 0 });
  hand = new HandBridge();
  master = new FakeTables();
  setBridge(hand.bridge);
  stop = startSync();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

function patchAfter(change: () => void): Patch {
  change();
  const patch = master.takePatch();
  if (patch === null) throw new Error('nothing changed');
  return patch;
}

const shown = () => [...tableStore.getState().tables.faults.keys()];

it('keeps patches that come before the snapshot and applies those that are newer', async () => {
  const old = patchAfter(() => master.put('faults', aFault('one')));
  hand.listener?.(old);
  const snapshot = master.snapshot();
  const next = patchAfter(() => master.put('faults', aFault('two')));
  hand.listener?.(next);
  await hand.answer(ok(snapshot));
  expect(shown()).toEqual(['one', 'two']);
  expect(tableStore.getState().seq).toBe(next.to);
});

it('asks for a new snapshot when a patch is missing', async () => {
  await hand.answer(ok(master.snapshot()));
  patchAfter(() => master.put('faults', aFault('lost')));
  hand.listener?.(patchAfter(() => master.put('faults', aFault('later'))));
  expect(shown()).toEqual([]);
  expect(hand.waiting).toHaveLength(1);
  await hand.answer(ok(master.snapshot()));
  expect(shown()).toEqual(['lost', 'later']);
});

it('ignores a patch it has already seen', async () => {
  const patch = patchAfter(() => master.put('faults', aFault('one')));
  await hand.answer(ok(master.snapshot()));
  hand.listener?.(patch);
  expect(shown()).toEqual(['one']);
  expect(hand.waiting).toHaveLength(0);
});

it('says when the snapshot is refused, and tries again by itself', async () => {
  await hand.answer(refuse('internal', 'request-failed', 'no'));
  expect(tableStore.getState().status).toBe('failed');
  await vi.advanceTimersByTimeAsync(1000);
  await hand.answer(ok(master.snapshot()));
  expect(tableStore.getState().status).toBe('ready');
});
