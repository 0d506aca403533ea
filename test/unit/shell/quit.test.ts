import { describe, expect, it } from 'vitest';
import { ok } from '../../../electron/contract/errors.ts';
import { createQuit, type QuitDeps } from '../../../electron/shell/quit.ts';
import { until } from '../../support/wait.ts';

function setUp(overrides: Partial<QuitDeps> = {}) {
  const seen: string[] = [];
  const quit = createQuit({
    runningTasks: () => 2,
    setting: () => 'ask',
    remember: (setting) => {
      seen.push(`remember ${setting}`);
      return Promise.resolve(ok(null));
    },
    ask: (count) => {
      seen.push(`ask ${count}`);
      return true;
    },
    close: (end) => {
      seen.push(`close ${end}`);
      return Promise.resolve();
    },
    exit: (code) => void seen.push(`exit ${code}`),
    log: () => undefined,
    ...overrides,
  });
  const ended = () => until(() => seen.at(-1) === 'exit 0', { what: 'it has ended' });
  return { quit, seen, ended };
}

describe('quitting', () => {
  it('ends an idle local agent without a question', async () => {
    const { quit, seen, ended } = setUp({ runningTasks: () => 0 });
    quit.request(true);
    await ended();
    expect(seen).toEqual(['close if-idle', 'exit 0']);
  });

  it.each(['keep', 'stop'] as const)('does as the setting says: %s', async (setting) => {
    const { quit, seen, ended } = setUp({ setting: () => setting });
    quit.request(true);
    await ended();
    expect(seen).toEqual([`close ${setting}`, 'exit 0']);
  });

  it('asks when the setting says so, and ends only after the answer', async () => {
    const { quit, seen, ended } = setUp();
    quit.request(true);
    expect(seen).toEqual(['ask 2']);
    expect(await quit.answer('stop', false)).toEqual(ok(null));
    await ended();
    expect(seen).toEqual(['ask 2', 'close stop', 'exit 0']);
  });

  it('remembers the answer when the person wishes it', async () => {
    const { quit, seen, ended } = setUp();
    quit.request(true);
    await quit.answer('keep', true);
    await ended();
    expect(seen).toEqual(['ask 2', 'remember keep', 'close keep', 'exit 0']);
  });

  it('stays when the person cancels, and can be asked again', async () => {
    const { quit, seen } = setUp();
    quit.request(true);
    await quit.answer('cancel', true);
    expect(quit.isEnding()).toBe(false);
    quit.request(true);
    expect(seen).toEqual(['ask 2', 'ask 2']);
  });

  it('keeps tasks when nobody can be asked: a signal, or a dead window', async () => {
    const bySignal = setUp();
    bySignal.quit.request(false);
    await bySignal.ended();
    expect(bySignal.seen).toEqual(['close keep', 'exit 0']);
    const deadWindow = setUp({ ask: () => false });
    deadWindow.quit.request(true);
    await deadWindow.ended();
    expect(deadWindow.seen).toEqual(['close keep', 'exit 0']);
  });

  it('refuses an answer to a question that was never put', async () => {
    const { quit, seen } = setUp();
    expect(await quit.answer('stop', false)).toMatchObject({ ok: false, refusal: { code: 'conflict' } });
    expect(seen).toEqual([]);
  });

  it('closes once, also when asked twice', async () => {
    const { quit, seen, ended } = setUp({ setting: () => 'keep' });
    quit.request(true);
    quit.request(false);
    await ended();
    expect(seen).toEqual(['close keep', 'exit 0']);
  });

  it('ends also when closing fails', async () => {
    const { quit, seen, ended } = setUp({
      setting: () => 'keep',
      close: () => Promise.reject(new Error('disk gone')),
    });
    quit.request(true);
    await ended();
    expect(seen).toEqual(['exit 0']);
  });
});
