// The page of frameworks: how each stands, what lies with it, and ending one.
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import { Dialogs } from '../../../../../renderer/pages/dialogs/dialogs.tsx';
import { FrameworksPage } from '../../../../../renderer/pages/frameworks/frameworks-page.tsx';
import { Inspector } from '../../../../../renderer/pages/inspector/inspector.tsx';
import { asked, type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

const page = (
  <>
    <FrameworksPage />
    <Inspector />
    <Dialogs />
  </>
);
const row = (name: string) => screen.findByRole('row', { name });

async function inspect(name: string): Promise<HTMLElement> {
  drawn = await draw(page, 'shared');
  await userEvent.click(within(await row(name)).getByRole('button', { name }));
  return screen.getByRole('complementary');
}

describe('a framework', () => {
  it('is connected, or away with the time that is left to its tasks', async () => {
    drawn = await draw(page, 'shared');
    expect(within(await row('spark')).getByRole('img', { name: 'connected' })).toBeDefined();
    const away = await row('notebooks');
    await waitFor(() => expect(away.textContent).toMatch(/away · its tasks end in 8 min \d+ s/));
  });

  it('shows its offers with machine, amounts and age, and what it has refused until when', async () => {
    const panel = await inspect('spark');
    await waitFor(() =>
      expect(panel.textContent).toMatch(
        /gpu-20\.8 cpus, 4 GiBresearch\/vision, offered \d s ago, taken back in \d+ s/,
      ),
    );
    expect(panel.textContent).toMatch(
      /this-computer1\.1 cpus, 2 GiBresearch\/speech, for \d min( \d+ s)?, until \d\d:/,
    );
    expect(panel.textContent).toContain('train-17');
  });

  it('that wants no offers in a role says so', async () => {
    const panel = await inspect('jenkins');
    expect(panel.textContent).toContain('wants no offers now');
  });

  it('is ended only after a dialog that names what ends', async () => {
    const panel = await inspect('spark');
    await userEvent.click(within(panel).getByRole('button', { name: 'Tear down' }));
    const dialog = await screen.findByRole('alertdialog', { name: 'Tear down spark' });
    expect(dialog.textContent).toContain('train-17, embed, segment-1, whisper');
    expect(asked(drawn.cluster, 'framework:teardown')).toEqual([]);
    await userEvent.click(within(dialog).getByRole('button', { name: 'Tear down and end 4 tasks' }));
    expect(asked(drawn.cluster, 'framework:teardown')).toEqual([{ frameworkId: 'f-spark' }]);
    await waitFor(() =>
      expect(screen.getByRole('row', { name: 'spark' }).textContent).toContain('ending its tasks'),
    );
  });
});

describe('the built-in framework', () => {
  it('is there before anything ran, explained, and cannot be ended', async () => {
    drawn = await draw(page, 'empty');
    await userEvent.click(within(await row('run')).getByRole('button', { name: 'run' }));
    const panel = screen.getByRole('complementary');
    expect(panel.textContent).toContain('Places what you run with the dialog');
    expect(within(panel).queryByRole('button', { name: 'Tear down' })).toBeNull();
    await userEvent.keyboard('j{Delete}');
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
});
