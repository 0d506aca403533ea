// Deleting on a machine: only folders that can be ours, by name and by what is in them.

/** Absolute, no dot parts, and ends in our own name. Everything else is refused before any command is built. */
export function isOwnFolder(dir: string): boolean {
  if (!/^\/[^\0\n]+$/.test(dir) || dir.length > 4096) return false;
  const parts = dir.split('/').slice(1);
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return false;
  const last = parts.at(-1);
  return parts.length >= 2 && (last === '.mesolite' || last === 'mesolite');
}
