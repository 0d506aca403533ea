// The bar for the window (reliability.md 4.1), each property proven in the real one.
import type { Page } from '@playwright/test';
import { type AppUnderTest, readLog } from './app.ts';
import { expect, test } from './fixtures.ts';

declare global {
  interface Window {
    violations?: string[];
  }
}

const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

type TrustedTypesWindow = {
  trustedTypes: { createPolicy(name: string, rules: object): { createScript(text: string): unknown } };
};

/** Runs in the page's own world as the page's own code would, counted from then on: policy violations. */
async function watchViolations(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violations?.push(event.effectiveDirective),
    );
  });
}

test.describe('the window', () => {
  let app: AppUnderTest;
  test.beforeEach(async ({ start }) => {
    app = await start();
    await app.page.waitForLoadState('load');
  });

  test('is sandboxed and isolated, without Node, web views or relaxed security', async () => {
    const all = await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => {
        // Not in the public types: what is really in force.
        const contents = window.webContents as unknown as {
          getLastWebPreferences(): Record<string, unknown>;
        };
        return contents.getLastWebPreferences();
      }),
    );
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      experimentalFeatures: false,
    });
    const blink = await app.electron.evaluate(({ app: main }) =>
      main.commandLine.getSwitchValue('enable-blink-features'),
    );
    expect(blink).toBe('');
  });

  test('gives the page no Node and no more than two functions', async () => {
    const seen = await app.page.evaluate(() => ({
      globals: [
        'require',
        'process',
        'module',
        'exports',
        'Buffer',
        'global',
        '__dirname',
        'electron',
        'ipcRenderer',
      ].filter((name) => name in window),
      bridge: Object.keys((window as unknown as { mesolite: object }).mesolite).sort(),
      origin: location.origin,
    }));
    expect(seen).toEqual({ globals: [], bridge: ['invoke', 'subscribe'], origin: 'app://mesolite' });
  });

  test('sends the policy and nosniff with every answer', async () => {
    const answers = await app.page.evaluate(async () => {
      const scripts = [...document.querySelectorAll<HTMLScriptElement>('script[src]')].map(
        (script) => script.src,
      );
      const all = await Promise.all([location.href, ...scripts, '/no-such-file'].map((url) => fetch(url)));
      return all.map((answer) => [
        answer.headers.get('content-security-policy'),
        answer.headers.get('x-content-type-options'),
      ]);
    });
    expect(answers.length).toBeGreaterThanOrEqual(2);
    for (const answer of answers) expect(answer).toEqual([csp, 'nosniff']);
  });

  test('runs no eval, no inline script, no blob worker and loads nothing remote', async () => {
    await watchViolations(app.page);
    const outcome = await app.page.evaluate(async () => {
      const marks = window as unknown as Record<string, unknown>;
      const attempt = (act: () => unknown): Promise<string> =>
        new Promise((resolve) => {
          // In a task of its own: the evaluation by the test's protocol may be allowed more than the page.
          setTimeout(() => {
            try {
              act();
              resolve('ran');
            } catch (error) {
              resolve(error instanceof Error ? error.name : String(error));
            }
          }, 0);
        });
      // Not by their names, which our own lint forbids.
      const indirectEval = Reflect.get(window, 'eval') as (text: string) => unknown;
      const makeFunction = Reflect.get(window, 'Function') as unknown as (text: string) => () => unknown;
      const inline = (): void => {
        const script = document.createElement('script');
        script.append('window.inlineRan = true');
        document.head.append(script);
      };
      const evalOutcome = await attempt(() => indirectEval('window.evalRan = true'));
      const functionOutcome = await attempt(() => makeFunction('window.functionRan = true')());
      const markup = await attempt(() => {
        document.createElement('div').innerHTML = '<img src=x onerror="window.markupRan = true">';
      });
      await attempt(inline);
      // With a policy of its own the page gets past Trusted Types, but not past script-src.
      const policy = (window as unknown as TrustedTypesWindow).trustedTypes.createPolicy('test', {
        createScript: (text: string) => text,
      });
      await attempt(() => {
        const script = document.createElement('script');
        script.text = policy.createScript('window.policyRan = true') as string;
        document.head.append(script);
      });
      await attempt(() => indirectEval(policy.createScript('window.policyRan = true') as string));
      const handler = await attempt(() => {
        const div = document.createElement('div');
        div.setAttribute('onclick', 'window.handlerRan = true');
        document.body.append(div);
        div.click();
      });
      const worker = await attempt(() => new Worker(URL.createObjectURL(new Blob(['1']))));
      const image = await new Promise((resolve) => {
        const element = new Image();
        element.addEventListener('load', () => resolve('loaded'));
        element.addEventListener('error', () => resolve('blocked'));
        element.src = 'https://example.invalid/x.png';
      });
      const remote = await fetch('https://example.invalid/').then(
        () => 'fetched',
        () => 'blocked',
      );
      const frame = document.createElement('iframe');
      frame.src = 'https://example.invalid/';
      document.body.append(frame);
      await new Promise((resolve) => setTimeout(resolve, 200));
      frame.remove();
      const ran = ['evalRan', 'functionRan', 'markupRan', 'inlineRan', 'handlerRan', 'policyRan'].filter(
        (name) => name in marks,
      );
      return {
        evalOutcome,
        functionOutcome,
        markup,
        handler,
        worker,
        image,
        remote,
        ran,
        violations: window.violations,
      };
    });
    expect(outcome.ran).toEqual([]);
    expect(['EvalError', 'TypeError']).toContain(outcome.evalOutcome);
    expect(['EvalError', 'TypeError']).toContain(outcome.functionOutcome);
    expect(outcome.markup).toBe('TypeError');
    expect(outcome.image).toBe('blocked');
    expect(outcome.remote).toBe('blocked');
    for (const directive of [
      'script-src-elem',
      'script-src',
      'img-src',
      'connect-src',
      'frame-src',
      'require-trusted-types-for',
    ]) {
      expect(outcome.violations, directive).toContain(directive);
    }
  });

  test('goes nowhere else and opens nothing', async () => {
    const before = app.page.url();
    const opened = await app.page.evaluate(async () => {
      const link = document.createElement('a');
      link.href = 'https://example.invalid/';
      link.target = '_blank';
      link.textContent = 'away';
      document.body.append(link);
      link.click();
      const results = [
        window.open('https://example.invalid/'),
        window.open('about:blank'),
        window.open('file:///etc/passwd'),
      ];
      for (const url of [
        'https://example.invalid/',
        'file:///etc/passwd',
        'data:text/html,x',
        'app://other/',
      ]) {
        location.href = url;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const meta = document.createElement('meta');
      meta.httpEquiv = 'refresh';
      meta.content = '0;url=https://example.invalid/';
      document.head.append(meta);
      await new Promise((resolve) => setTimeout(resolve, 300));
      link.remove();
      return results.map((result) => result === null);
    });
    expect(opened).toEqual([true, true, true]);
    expect(app.page.url()).toBe(before);
    const windows = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
    expect(windows).toBe(1);
    await expect.poll(() => readLog(app.profile)).toContain('deny-window');
    expect(readLog(app.profile)).toContain('deny-navigation');
  });

  test('gets no permission, no device and no screen', async () => {
    const answers = await app.page.evaluate(async () => {
      const refused = (promise: Promise<unknown>): Promise<string> =>
        promise.then(
          () => 'granted',
          (error: unknown) => (error instanceof Error ? error.name : String(error)),
        );
      const position = new Promise<number>((resolve) => {
        navigator.geolocation.getCurrentPosition(
          () => resolve(0),
          (error) => resolve(error.code),
        );
      });
      const usb = (navigator as unknown as { usb?: { requestDevice(wish: object): Promise<unknown> } }).usb;
      return {
        notification: await Notification.requestPermission(),
        position: await position,
        camera: await refused(navigator.mediaDevices.getUserMedia({ video: true, audio: true })),
        screen: await refused(navigator.mediaDevices.getDisplayMedia({ video: true })),
        clipboard: await refused(navigator.clipboard.readText()),
        usb: usb ? await refused(usb.requestDevice({ filters: [] })) : 'absent',
        midi: await refused(navigator.requestMIDIAccess({ sysex: true })),
      };
    });
    expect(answers.notification).toBe('denied');
    expect(answers.position).toBe(1);
    for (const name of ['camera', 'screen', 'clipboard', 'usb', 'midi'] as const)
      expect(answers[name], name).not.toBe('granted');
  });

  test('finds nothing outside the fixed map of files', async () => {
    const tricks = [
      ...[
        '/../../etc/passwd',
        '/..%2f..%2fetc%2fpasswd',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/....//....//etc/passwd',
      ],
      ...[
        '/assets/../../main/main.cjs',
        '/assets/..%5c..%5cmain%5cmain.cjs',
        '/%5c..%5cpackage.json',
        '//etc/passwd',
      ],
      ...[
        '/index.html%00.js',
        '/INDEX.HTML',
        '/index.html/',
        '/.',
        '/main/main.cjs',
        '/assets',
        '/assets/',
        '/package.json',
      ],
    ];
    const fromPage = await app.page.evaluate(async (paths) => {
      const answers = await Promise.all(paths.map((each) => fetch(`app://mesolite${each}`)));
      return answers.map(
        (answer, place) => `${paths[place]} ${answer.status} ${new URL(answer.url).pathname === '/'}`,
      );
    }, tricks);
    // The browser folds `/.` to `/`, which is the index: the one that may be found.
    expect(fromPage.filter((line) => line.includes(' 200 '))).toEqual(['/. 200 true']);
    const fromMain = await app.electron.evaluate(
      async ({ net }, paths) => {
        const urls = paths.map((each) => `app://mesolite${each}`);
        const answers = await Promise.all(
          [...urls, 'app://other/index.html'].map((url) =>
            net.fetch(url).then(
              (answer) => answer.status,
              () => 404,
            ),
          ),
        );
        const post = await net.fetch('app://mesolite/index.html', { method: 'POST' });
        return [
          ...answers.map((status, place) => `${status} ${paths[place] ?? 'other host'}`),
          `${post.status} POST`,
        ];
      },
      tricks.filter((each) => each !== '/.'),
    );
    expect(fromMain.filter((line) => !line.startsWith('404 '))).toEqual([]);
  });
});
