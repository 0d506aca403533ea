// Foreign text for people: control characters and direction marks removed, bounded. Nothing a machine says is
// shown or logged without passing here.

const maxAnswerChars = 8000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const escapeSequences = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Keeps lines and tabs. */
export function cleanText(raw: Buffer | string): string {
  const text = typeof raw === 'string' ? raw : raw.toString('utf8');
  const clean = text.replace(/\r\n?/g, '\n').replace(escapeSequences, '').replace(controls, '').trim();
  return clean.length > maxAnswerChars ? `${clean.slice(0, maxAnswerChars)} ...` : clean;
}

/** One short line in quotes, for the detail of a refusal. */
export function quote(raw: Buffer | string, maxChars = 200): string {
  const line = cleanText(raw).replace(/\s+/g, ' ').trim();
  return line.length > maxChars ? `"${line.slice(0, maxChars)}..."` : `"${line}"`;
}

/** Seconds or milliseconds, as people read them. */
export function bytesInWords(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} kB`;
}
