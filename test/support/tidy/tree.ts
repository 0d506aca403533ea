// The files a commit of this repository can contain, read once.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type SourceFile = { readonly file: string; readonly text: string };

export const root = path.resolve(import.meta.dirname, '..', '..', '..');

const notOurs = new Set(['.git', 'node_modules', 'dist', 'out', 'screens', 'test-results', 'coverage']);

/** Paths with forward slashes, relative to the root; what git ignores is not there. */
export function listTree(): readonly string[] {
  const args = [
    '-c',
    'safe.directory=*',
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--deduplicate',
  ];
  try {
    const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: 'pipe' } as const;
    const files = execFileSync('git', args, options).split('\0');
    return files.filter((file) => file !== '' && existsSync(path.join(root, file)));
  } catch {
    // No git, or no repository: an unpacked archive of the sources is checked as well.
    return walk('');
  }
}

function walk(folder: string): readonly string[] {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return notOurs.has(file) || entry.name === 'node_modules' ? [] : walk(file);
    return entry.isFile() && !entry.name.endsWith('.log') ? [file] : [];
  });
}

export function readTree(files: readonly string[]): readonly SourceFile[] {
  return files.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

const sourcePattern = /\.(ts|tsx|mjs|cjs|go|css|sh)$/;

export function isSource(file: string): boolean {
  return sourcePattern.test(file);
}
