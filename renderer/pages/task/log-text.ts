// From bytes of one line to what is drawn: UTF-8 with broken bytes made visible, control characters as escapes, ANSI
// SGR as styles, everything else of a terminal's language dropped. The result is text and styles, never markup.

export type InkStyle = {
  readonly fg?: number | string;
  readonly bg?: number | string;
  readonly isBold?: boolean;
  readonly isDim?: boolean;
  readonly isItalic?: boolean;
  readonly isUnderlined?: boolean;
  readonly isInverse?: boolean;
};
export type Ink = { readonly text: string; readonly style: InkStyle | null };

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const hexEscape = (code: number) => `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;

/** Length of the valid sequence at `i`, or 0. */
function sequenceAt(bytes: Uint8Array, i: number): number {
  const first = bytes[i] ?? 0;
  const length =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0;
  if (length === 0 || i + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(i, i + length));
    return length;
  } catch {
    return 0;
  }
}

/** Broken bytes become `\xE9`. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    // Falls through to the careful way, byte by byte.
  }
  let text = '';
  let good = 0;
  let i = 0;
  while (i < bytes.length) {
    const length = sequenceAt(bytes, i);
    if (length > 0) {
      i += length;
      continue;
    }
    text += strict.decode(bytes.subarray(good, i));
    text += hexEscape(bytes[i] ?? 0);
    i += 1;
    good = i;
  }
  return text + strict.decode(bytes.subarray(good, i));
}

/** What a terminal would still show of a line that was written over by carriage returns. */
export function afterReturns(text: string): string {
  const trimmed = text.replace(/\r+$/, '');
  const at = trimmed.lastIndexOf('\r');
  return at === -1 ? trimmed : trimmed.slice(at + 1);
}

/** CSI, OSC and two-character escapes; group 1 = parameters of an SGR. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
const escape =
  /\u001b(?:\[([\d;:]*)m|\[[\d;:?<=>!]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[ -/]*[0-~])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is made visible
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

function visible(text: string): string {
  return text.replace(control, (char) => hexEscape(char.charCodeAt(0)));
}

export function plainText(bytes: Uint8Array): string {
  return visible(afterReturns(decodeUtf8(bytes)).replace(escape, ''));
}

function extended(
  codes: readonly number[],
  at: number,
): { readonly colour: number | string | undefined; readonly used: number } {
  if (codes[at + 1] === 5) {
    const index = codes[at + 2] ?? 0;
    return { colour: index < 16 ? index : colour256(index), used: 2 };
  }
  if (codes[at + 1] === 2) {
    const [r, g, b] = [codes[at + 2] ?? 0, codes[at + 3] ?? 0, codes[at + 4] ?? 0].map((each) =>
      Math.min(255, each),
    );
    return { colour: `rgb(${r} ${g} ${b})`, used: 4 };
  }
  return { colour: undefined, used: 1 };
}

function colour256(index: number): string {
  if (index >= 232) {
    const grey = 8 + 10 * (Math.min(255, index) - 232);
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const levels = [0, 95, 135, 175, 215, 255];
  const cube = index - 16;
  return `rgb(${levels[Math.floor(cube / 36) % 6]} ${levels[Math.floor(cube / 6) % 6]} ${levels[cube % 6]})`;
}

type Mutable = { -readonly [K in keyof InkStyle]: InkStyle[K] };

const flags: Readonly<Record<number, (style: Mutable) => void>> = {
  1: (style) => {
    style.isBold = true;
  },
  2: (style) => {
    style.isDim = true;
  },
  3: (style) => {
    style.isItalic = true;
  },
  4: (style) => {
    style.isUnderlined = true;
  },
  7: (style) => {
    style.isInverse = true;
  },
  22: (style) => {
    delete style.isBold;
    delete style.isDim;
  },
  23: (style) => {
    delete style.isItalic;
  },
  24: (style) => {
    delete style.isUnderlined;
  },
  27: (style) => {
    delete style.isInverse;
  },
  39: (style) => {
    delete style.fg;
  },
  49: (style) => {
    delete style.bg;
  },
};

/** The sixteen colours: which one, and of what. */
function plainColour(code: number): { readonly of: 'fg' | 'bg'; readonly colour: number } | null {
  if (code >= 30 && code <= 37) return { of: 'fg', colour: code - 30 };
  if (code >= 90 && code <= 97) return { of: 'fg', colour: code - 82 };
  if (code >= 40 && code <= 47) return { of: 'bg', colour: code - 40 };
  if (code >= 100 && code <= 107) return { of: 'bg', colour: code - 92 };
  return null;
}

export function applySgr(style: InkStyle, parameters: string): InkStyle {
  const codes = parameters === '' ? [0] : parameters.split(/[;:]/).map((code) => Number(code) || 0);
  let next: Mutable = { ...style };
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    const plain = plainColour(code);
    if (code === 0) next = {};
    else if (flags[code] !== undefined) flags[code](next);
    else if (plain !== null) next[plain.of] = plain.colour;
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes, i);
      if (colour !== undefined) next[code === 38 ? 'fg' : 'bg'] = colour;
      i += used;
    }
  }
  return next;
}

const isPlain = (style: InkStyle) => Object.keys(style).length === 0;

/** One line as inks. Styles do not run on into the next line: lines are drawn one by one. */
export function inksOf(bytes: Uint8Array): readonly Ink[] {
  const text = afterReturns(decodeUtf8(bytes));
  const inks: Ink[] = [];
  let style: InkStyle = {};
  let from = 0;
  const put = (to: number) => {
    if (to > from) inks.push({ text: visible(text.slice(from, to)), style: isPlain(style) ? null : style });
  };
  for (const found of text.matchAll(escape)) {
    put(found.index);
    from = found.index + found[0].length;
    if (found[1] !== undefined) style = applySgr(style, found[1]);
  }
  put(text.length);
  return inks;
}

/** The first `most` characters, and how many were left out. */
export function clipInks(
  inks: readonly Ink[],
  most: number,
): { readonly inks: readonly Ink[]; readonly left: number } {
  let room = most;
  let left = 0;
  const kept: Ink[] = [];
  for (const ink of inks) {
    if (room >= ink.text.length) kept.push(ink);
    else {
      if (room > 0) kept.push({ ...ink, text: ink.text.slice(0, room) });
      left += ink.text.length - Math.max(0, room);
    }
    room -= ink.text.length;
  }
  return { inks: kept, left };
}
