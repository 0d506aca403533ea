// Foreign text for people: nothing a machine says is shown or logged without passing here.
import { plainText, quotedLine } from '../../contract/plain-text.ts';

const maxAnswerChars = 8000;

/** Keeps lines and tabs. */
export function cleanText(raw: Buffer | string): string {
  return plainText(raw.toString(), maxAnswerChars);
}

/** One short line in quotes, for the detail of a refusal. */
export function quote(raw: Buffer | string, maxChars?: number): string {
  return quotedLine(raw.toString(), maxChars);
}

/** As people read them. */
export function bytesInWords(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1000)} kB`;
}
