// What a port greets with. A stranger's bytes: few of them are read, for a short time, and the connection is closed without
// a word of ours.
import type { Socket } from 'node:net';

/** RFC 4253, 4.2: lines before the greeting are allowed; the greeting itself has at most 255 bytes. */
const maxBytes = 4096;
const maxLine = 255;

/** The line that begins with `SSH-`, else the first that is not empty. null = it said nothing in time. Always closes. */
export function readBanner(socket: Socket, withinMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    let heard = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.removeAllListeners('data');
      socket.destroy();
      resolve(bannerIn(heard));
    };
    const timer = setTimeout(end, withinMs);
    socket.on('data', (piece: Buffer) => {
      heard += piece.toString('latin1', 0, maxBytes - heard.length);
      if (heard.length >= maxBytes || /(^|\n)SSH-[^\n]*\n/.test(heard)) end();
    });
    socket.once('close', end);
    socket.on('error', () => undefined); // `close` follows
  });
}

function bannerIn(heard: string): string | null {
  const lines = heard
    .split(/\r?\n/)
    .map((line) => Buffer.from(line.slice(0, maxLine), 'latin1').toString('utf8').trim());
  return lines.find((line) => line.startsWith('SSH-')) ?? lines.find((line) => line !== '') ?? null;
}
