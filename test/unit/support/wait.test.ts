import { describe, expect, it } from 'vitest';
import { pause, until } from '../../support/wait.ts';

describe('until', () => {
  it('returns what the condition gives as soon as that is truthy', async () => {
    let asked = 0;
    const answer = await until(() => (++asked === 3 ? 'there' : ''), { what: 'it is there', everyMs: 1 });
    expect([answer, asked]).toEqual(['there', 3]);
  });

  it('takes a throw for "not yet", and names it when the cap is reached', async () => {
    const condition = (): boolean => {
      throw new Error('nobody home');
    };
    await expect(until(condition, { what: 'somebody answers', capMs: 30, everyMs: 5 })).rejects.toThrow(
      'gave up after 30 ms waiting until somebody answers; last error: nobody home',
    );
  });

  it('does not hang with a condition that hangs', async () => {
    const startMs = performance.now();
    const never = new Promise<boolean>(() => {});
    await expect(until(() => never, { what: 'never', capMs: 50 })).rejects.toThrow('did not answer');
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  it('asks again after a pause, not in a busy loop', async () => {
    let asked = 0;
    await until(() => asked++ > 100, { what: 'never', capMs: 100, everyMs: 20 }).catch(() => {});
    expect(asked).toBeLessThan(10);
    await pause(1);
  });
});
