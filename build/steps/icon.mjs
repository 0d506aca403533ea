// Draws build/icon.svg at the sizes that desktops ask for, into dist/icons/.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashFiles, readStamp, writeStamp } from '../lib/hash.mjs';
import { distDir, inRoot, root, stampDir } from '../lib/paths.mjs';

const SIZES_PX = [16, 24, 32, 48, 64, 128, 256, 512, 1024];
const source = inRoot('build', 'icon.svg');
const stamp = path.join(stampDir, 'icon');
const iconDir = path.join(distDir, 'icons');

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const iconStep = {
  name: 'icon',
  when: (context) => context.wants.icon === true,
  quick: () =>
    readStamp(stamp) === hashFiles([source], SIZES_PX.map(String), root) ? 'up to date' : undefined,
  work: async () => {
    const { Resvg } = await import('@resvg/resvg-js');
    const svg = readFileSync(source);
    mkdirSync(iconDir, { recursive: true });
    for (const sizePx of SIZES_PX) {
      const image = new Resvg(svg, { fitTo: { mode: 'width', value: sizePx } }).render().asPng();
      writeFileSync(path.join(iconDir, `${sizePx}x${sizePx}.png`), image);
    }
    writeStamp(stamp, hashFiles([source], SIZES_PX.map(String), root));
    return `${SIZES_PX.length} sizes`;
  },
};
