// Requests of the window: only from itself, only in the right shape, only as many as a person can cause.
import { type Channel, requestSchemas } from '../../electron/contract/channels.ts';
import { type AppUnderTest, resetMetrics, tellBlocking } from './app.ts';
import { expect, test } from './fixtures.ts';

type Answer = {
  readonly ok?: boolean;
  readonly refusal?: { readonly code?: string; readonly reason: string };
};

/** As a page would that does not care for types. */
function askAll(app: AppUnderTest, channel: string, values: readonly unknown[]): Promise<Answer[]> {
  return app.page.evaluate(
    ([name, all]) => {
      const bridge = window.mesolite as unknown as { invoke(name: string, value: unknown): Promise<Answer> };
      return Promise.all(all.map((value) => bridge.invoke(name, value)));
    },
    [channel, [...values]] as const,
  );
}

test.describe('requests', () => {
  let app: AppUnderTest;
  test.beforeEach(async ({ start }) => {
    app = await start();
    await app.page.waitForLoadState('load');
  });

  test('refuses requests from any other sender', async () => {
    const preload = await app.electron.evaluate(
      ({ app: main }) => `${main.getAppPath()}/dist/main/preload.cjs`,
    );
    for (const url of ['app://mesolite/index.html', 'data:text/html,<title>x</title>']) {
      const waiting = app.electron.waitForEvent('window');
      const id = await app.electron.evaluate(
        ({ BrowserWindow }, [file, where]) => {
          const window = new BrowserWindow({
            show: false,
            webPreferences: { preload: file as string, sandbox: true },
          });
          void window.loadURL(where as string);
          return window.id;
        },
        [preload, url],
      );
      const page = await waiting;
      await page.waitForLoadState('load');
      const answer = await page.evaluate(() => window.mesolite?.invoke('state:snapshot', {}));
      expect(answer).toMatchObject({
        ok: false,
        refusal: { code: 'unauthorized', reason: 'foreign-sender' },
      });
      await app.electron.evaluate(
        ({ BrowserWindow }, windowId) => BrowserWindow.fromId(windowId)?.destroy(),
        id,
      );
    }
    // A frame inside our own page gets no bridge at all.
    const inFrame = await app.page.evaluate(async () => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const has = frame.contentWindow !== null && 'mesolite' in frame.contentWindow;
      frame.remove();
      return has;
    });
    expect(inFrame).toBe(false);
  });

  test('answers every channel with a refusal when the shape is wrong', async () => {
    const shapes = [
      null,
      42,
      'text',
      [],
      { surprise: 1 },
      { machineId: 'x' },
      { taskId: { $ne: 1 } },
      { __proto__: null, id: 7 },
    ];
    for (const channel of [...Object.keys(requestSchemas), 'no:such-channel', '__proto__', 'constructor']) {
      // Channels without arguments take any object: what is right by the contract is not sent here.
      const schema = Object.hasOwn(requestSchemas, channel) ? requestSchemas[channel as Channel] : null;
      const wrong = shapes.filter((shape) => !schema?.safeParse(shape).success);
      expect(wrong.length).toBeGreaterThanOrEqual(4);
      const answers = await askAll(app, channel, wrong);
      for (const [place, answer] of answers.entries()) {
        expect(answer, `${channel} ${JSON.stringify(wrong[place])}`).toMatchObject({
          ok: false,
          refusal: { code: 'invalid' },
        });
      }
    }
    expect(await askAll(app, 'state:snapshot', [{}])).toMatchObject([{ ok: true }]);
  });

  test('stays free under a flood of requests and mutes the sender', async () => {
    await resetMetrics(app.profile);
    const flood = await app.page.evaluate(async () => {
      const bridge = window.mesolite;
      if (!bridge) throw new Error('no bridge');
      const startMs = performance.now();
      const counts: Record<string, number> = {};
      for (let batch = 0; batch < 40; batch += 1) {
        const answers = await Promise.all(
          Array.from({ length: 1000 }, () => bridge.invoke('fault:dismiss', { id: 'x' })),
        );
        for (const answer of answers) {
          const key = answer.ok ? 'ok' : answer.refusal.reason;
          counts[key] = (counts[key] ?? 0) + 1;
        }
      }
      return { counts, tookMs: performance.now() - startMs };
    });
    expect(flood.counts['too-many-requests']).toBeGreaterThan(35_000);
    await expect.poll(() => askAll(app, 'state:snapshot', [{}])).toMatchObject([{ ok: true }]);
    const lag = await tellBlocking(app.profile, `flood of requests, ${Math.round(flood.tookMs)} ms`);
    expect(lag.ownP99Ms).toBeLessThan(100);
  });

  test('sends no request that is huge, deep or not data', async () => {
    const reasons = await app.page.evaluate(async () => {
      const bridge = window.mesolite as unknown as { invoke(name: string, value: unknown): Promise<Answer> };
      let deep: unknown = 1;
      for (let depth = 0; depth < 100; depth += 1) deep = { deep };
      const list = Array.from({ length: 100_000 }, () => 1);
      const values = [{ text: 'x'.repeat(20_000_000) }, deep, { list }, { bytes: new Uint8Array(10) }];
      const answers = await Promise.all(values.map((value) => bridge.invoke('clipboard:write', value)));
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      answers.push(
        await bridge
          .invoke('clipboard:write', cyclic)
          .catch((): Answer => ({ refusal: { reason: 'too-large' } })),
      );
      return answers.map((answer) => answer.refusal?.reason);
    });
    expect(reasons).toEqual(Array.from({ length: 5 }, () => 'too-large'));
  });
});
