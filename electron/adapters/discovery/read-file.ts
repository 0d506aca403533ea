// Files of the person and of the system that a search reads: regular files only, and no more of them than is sensible.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const maxFileBytes = 2 * 1024 * 1024;

/** null = there is none, or it is none of our business (a pipe, a device, a folder, not ours to read). */
export async function readSmallFile(path: string): Promise<string | null> {
  try {
    // Never waits on a pipe that somebody put there.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return null;
      const buffer = Buffer.alloc(maxFileBytes);
      const { bytesRead } = await file.read(buffer, 0, maxFileBytes, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
