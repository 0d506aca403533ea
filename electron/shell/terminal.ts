// With no display a person has the terminal: machines and their live figures as lines, and where the picture is.
import type { BrowserWindow } from 'electron';
import type { Snapshot } from '../contract/tables.ts';
import { printMachines } from './lines.ts';
import type { Log } from './log-file.ts';
import { keepPicture } from './picture.ts';
import type { Places } from './places.ts';

export type TerminalParts = {
  readonly window: BrowserWindow;
  readonly snapshot: () => Snapshot;
  readonly places: Places;
  readonly log: Log;
};

export function startTerminal({ window, snapshot, places, log }: TerminalParts): void {
  const picture = keepPicture(window, places.dataFolder, log);
  process.stdout.write(
    `Mesolite runs. Picture of its window: ${picture.file} (every 10 s). Stop it with Ctrl-C.\n`,
  );
  const printer = printMachines(snapshot, process.stdout, Date.now);
  // Whoever read our lines may go away; that must not end the app.
  process.stdout.on('error', () => printer.stop());
  window.on('closed', () => {
    printer.stop();
    picture.stop();
  });
}
