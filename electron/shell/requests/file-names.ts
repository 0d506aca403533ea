// Names that an agent tells become names on this computer: decoded where that is harmless, and never leading elsewhere.

/** Bytes of one name that every file system of a desktop takes; room is left for the ending of a part file. */
const maxNameBytes = 230;
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
const unsafe = /[\u0000-\u001f\u007f/\\]/;

/**
 * The parts of a path as it may be written below a folder, or null when it would lead out of it: absolute, `..`, empty
 * parts, a backslash (a separator on Windows), a drive or a stream name.
 */
export function safeParts(path: string): readonly string[] | null {
  if (path.length > 8192) return null;
  const parts = path.split('/').map(decodeName);
  return parts.every(isSafeName) ? parts : null;
}

/** The last name of a path, or null when there is none that is safe. */
export function lastName(path: string): string | null {
  const name = decodeName(path.split('/').at(-1) ?? '');
  return isSafeName(name) ? name : null;
}

function isSafeName(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || unsafe.test(name)) return false;
  return Buffer.byteLength(name) <= maxNameBytes && !/^[a-z]:/i.test(name);
}

/** `%XX` as the agent writes odd bytes. A name that is not text stays as it was told. */
function decodeName(name: string): string {
  if (!name.includes('%')) return name;
  try {
    const decoded = decodeURIComponent(name);
    return isSafeName(decoded) ? decoded : name;
  } catch {
    return name;
  }
}
