// The table of machines: the state once, and how old the newest word is.
import { screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { MachinesPage } from '../../../../../renderer/pages/machines/machines-page.tsx';
import { type Drawn, draw } from '../../window.tsx';

let drawn: Drawn;
afterEach(() => drawn.close());

const cellsOf = (name: string): (string | null)[] =>
  [...screen.getByRole('row', { name }).children].map(({ textContent }) => textContent);

it('says once that a machine is live, and beside it when it was heard', async () => {
  drawn = await draw(<MachinesPage />);
  const cells = cellsOf('gpu-2');
  expect(cells.filter((text) => text === 'live')).toHaveLength(1);
  expect(cells.at(-1)).toBe('now');
  expect(cellsOf('nas').at(-1)).toMatch(/^4\d s$/);
});
