// Every token of text on every ground it stands on, and every bar on its track, by WCAG 2.2: 4.5 to 1 for text (1.4.3),
// 3 to 1 for what is drawn (1.4.11).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

type Rgb = readonly [number, number, number];

const file = path.resolve(import.meta.dirname, '../../../../renderer/app/styles/tokens.css');
const css = readFileSync(file, 'utf8');

/** https://bottosson.github.io/posts/oklab/, to linear sRGB. */
function linearOf(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function tokensOf(theme: string): ReadonlyMap<string, Rgb> {
  const block = new RegExp(String.raw`:root\[data-theme="${theme}"\] \{(.*?)\n\}`, 's').exec(css)?.[1] ?? '';
  const found = [...block.matchAll(/--([\w-]+): oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)/g)];
  return new Map(
    found.map(([, name = '', ...lch]) => [name, linearOf(...(lch.map(Number) as unknown as Rgb))]),
  );
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const texts = [
  'text',
  'dim',
  'faint',
  'accent',
  'healthy',
  'working',
  'waiting',
  'failed',
  'unknown',
  'stopped',
];
const inks = [
  ['accent-ink', 'accent'],
  ['accent-ink', 'accent-hover'],
  ['danger-ink', 'danger'],
  ['danger-ink', 'danger-hover'],
] as const;
const hues = Array.from({ length: 12 }, (_, index) => `hue-${String(index)}`);

describe.each(['dark', 'light'])('in the %s theme', (theme) => {
  const tokens = tokensOf(theme);
  const contrast = (one: string, other: string): number => {
    const [low = 0, high = 0] = [one, other]
      .map((name) => {
        const colour = tokens.get(name);
        if (colour === undefined) throw new Error(`no token ${name} in the ${theme} theme`);
        return luminance(colour);
      })
      .sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  it.each(texts)('%s can be read on every ground', (text) => {
    for (const ground of ['ground', 'surface', 'raised'])
      expect(contrast(text, ground), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it.each(inks)('%s can be read on %s', (ink, button) => {
    expect(contrast(ink, button)).toBeGreaterThanOrEqual(4.5);
  });

  it('bars stand out from their track', () => {
    for (const bar of [...hues, 'dim', 'use', 'waiting', 'failed'])
      expect(contrast(bar, 'track'), `${bar} on the track`).toBeGreaterThanOrEqual(3);
  });
});
