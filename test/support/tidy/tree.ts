// The files a commit of this repository can contain, read once.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type SourceFile = { readonly file: string; readonly text: string };

export const root = path.resolve(import.meta.dirname, '..', '..', '..');

/** Paths with forward slashes, relative to the root; what git ignores is not there. */
export function listTree(): readonly string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const answer = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return answer.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file)));
}

export function readTree(files: readonly string[]): readonly SourceFile[] {
  return files.map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

const sourcePattern = /\.(ts|tsx|mjs|cjs|go|css|sh)$/;

export function isSource(file: string): boolean {
  return sourcePattern.test(file);
}
