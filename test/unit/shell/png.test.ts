import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../electron/shell/png.ts';

describe('encodePng', () => {
  it('writes size and pixels that can be read back', async () => {
    const [blue, red] = [
      [255, 0, 0, 255],
      [0, 0, 255, 255],
    ];
    const png = await encodePng(Uint8Array.from([...(blue ?? []), ...(red ?? [])]), 2, 1);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2, 1]);
    const bodyAt = png.indexOf('IDAT');
    const body = png.subarray(bodyAt + 4, bodyAt + 4 + png.readUInt32BE(bodyAt - 4));
    expect([...zlib.inflateSync(body)]).toEqual([0, 0, 0, 255, 255, 0, 0]);
    // The checksum of the empty end chunk is a constant of the format.
    expect(png.subarray(-4).toString('hex')).toBe('ae426082');
  });
});
