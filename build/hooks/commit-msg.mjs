// The form of a commit message: `type(area): imperative`, at most 90 characters, then an empty line and the why.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const types = ['feat', 'fix', 'docs', 'test', 'refactor', 'perf', 'build', 'ci', 'chore', 'revert'];
const form = new RegExp(`^(${types.join('|')})(\\([a-z][a-z0-9-]*\\))?: [a-z0-9\`].*[^.\\s]$`);

/** What is wrong with it, or undefined. @param {string} text */
export function faultOf(text) {
  const [subject = '', second = ''] = text.split('\n').filter((line) => !line.startsWith('#'));
  if (/^(Merge|Revert|fixup!|squash!) /.test(subject)) return undefined;
  if (!form.test(subject)) return `"${subject}" is not "type(area): imperative" (${types.join(', ')})`;
  if (
    /: (added|adds|adding|fixed|fixes|fixing|changed|changes|updated|updates|removed|removes)\b/.test(subject)
  ) {
    return `"${subject}": say it as an order (add, fix, change, update, remove)`;
  }
  if (subject.length > 90) return `the first line has ${subject.length} characters, 90 are allowed`;
  if (second !== '') return 'the second line is empty';
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const fault = faultOf(readFileSync(process.argv[2] ?? '', 'utf8'));
  if (fault) process.stderr.write(`${fault}\n`);
  process.exitCode = fault ? 1 : 0;
}
