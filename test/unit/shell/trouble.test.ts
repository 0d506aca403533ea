// The page that stands in for the app.
import { describe, expect, it } from 'vitest';
import {
  choiceOf,
  choicesFor,
  type Trouble,
  type TroubleKind,
  troubleLine,
  troublePages,
} from '../../../electron/shell/trouble.ts';

const kinds: TroubleKind[] = ['locked', 'corrupt', 'newer', 'failed'];
const trouble = (kind: TroubleKind, rest: Partial<Trouble> = {}): Trouble => ({
  kind,
  file: '/data/<b>state</b>.db',
  detail: 'answer & "quote"',
  snapshotAtMs: null,
  ...rest,
});

describe('the page for data that cannot be opened', () => {
  it.each(kinds)('says for %s what happened, what is still true, and offers to quit', async (kind) => {
    const html = Buffer.from((await troublePages(trouble(kind)).get('/trouble')?.read()) ?? []).toString();
    expect(html).toContain('<h1');
    expect(html).toContain('Your machines');
    expect(html).toContain('/trouble/choose/quit');
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<b>state');
    expect(troubleLine(trouble(kind))).toContain('/data/');
  });

  it.each(kinds)('never offers for %s to lose data as the first choice', (kind) => {
    expect(choicesFor(trouble(kind))[0]).not.toBe('set-aside');
  });

  it('takes only choices that were offered', () => {
    const url = (choice: string) => `app://mesolite/trouble/choose/${choice}`;
    expect(choiceOf(url('retry'), trouble('locked'))).toBe('retry');
    expect(choiceOf(url('set-aside'), trouble('locked'))).toBeNull();
    expect(choiceOf(url('restore'), trouble('corrupt'))).toBeNull();
    expect(choiceOf(url('restore'), trouble('corrupt', { snapshotAtMs: 1 }))).toBe('restore');
    expect(choiceOf('https://example.invalid/', trouble('locked'))).toBeNull();
    expect(choiceOf('not a url', trouble('locked'))).toBeNull();
  });
});
