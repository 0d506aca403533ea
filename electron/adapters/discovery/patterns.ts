// Patterns of ssh (PATTERNS in ssh_config(5)): `*`, `?`, and lists in which `!` takes back what another one allows.

/** As match_pattern() of OpenSSH. No regular expression is made of a stranger's text. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let retry = 0;
  while (at < text.length) {
    const wanted = pattern[from];
    if (wanted === '*') {
      star = from;
      retry = at;
      from += 1;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      from = star + 1;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
}

/** One that matches, and none that is denied. */
export function matchesList(text: string, patterns: readonly string[]): boolean {
  let isAllowed = false;
  for (const pattern of patterns) {
    const isDenied = pattern.startsWith('!');
    if (!matchesPattern(text, isDenied ? pattern.slice(1) : pattern)) continue;
    if (isDenied) return false;
    isAllowed = true;
  }
  return isAllowed;
}
