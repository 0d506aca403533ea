// A picture of the window as a file, refreshed now and then: what a person without a display can look at.
import fs from 'node:fs';
import path from 'node:path';
import type { BrowserWindow } from 'electron';
import type { Log } from './log-file.ts';
import { encodePng } from './png.ts';

const everyMs = 10_000;

export function keepPicture(
  window: BrowserWindow,
  dataFolder: string,
  log: Log,
): { file: string; stop: () => void } {
  const file = path.join(dataFolder, 'window.png');
  const take = async (): Promise<void> => {
    if (window.isDestroyed() || window.webContents.isCrashed()) return;
    try {
      const image = await window.webContents.capturePage();
      const { width, height } = image.getSize();
      const fresh = `${file}.part`;
      await fs.promises.writeFile(fresh, await encodePng(image.toBitmap(), width, height), { mode: 0o600 });
      await fs.promises.rename(fresh, file);
    } catch (error) {
      log('warn', 'picture-failed', { error: String(error) });
    }
  };
  // Soon after the first paint, then slowly: even off the main thread a picture costs 50 ms of a CPU.
  const first = setTimeout(() => void take(), 1500);
  const timer = setInterval(() => void take(), everyMs);
  return {
    file,
    stop: () => {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
