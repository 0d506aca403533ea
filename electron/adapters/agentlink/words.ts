// Foreign bytes as text for people: no control characters, bounded.

/** At most 200 characters of what came, in quotes, control characters removed. */
export function quoteBytes(bytes: Uint8Array): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
  const trimmed = text.trim();
  return trimmed.length > 200 ? `"${trimmed.slice(0, 200)}..."` : `"${trimmed}"`;
}
