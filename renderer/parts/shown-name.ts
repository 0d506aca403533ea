// Names of files as they are shown. They come from other machines: what could turn the reading direction or hide itself
// is written out, so that a name is what it looks like. React makes text of it; it is never markup.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is made visible
const deceiving = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function shownName(name: string): string {
  return name.replace(deceiving, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
