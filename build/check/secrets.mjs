// Looks for things that must never be committed: private keys, tokens, addresses with a password in them.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

// Put together from pieces, so that this file is not its own first finding.
const patterns = [
  {
    rule: 'private-key',
    pattern: new RegExp(`-----BEGIN ([A-Z]+ )*PRIVATE ${'KEY'}-----\\s+[A-Za-z0-9+/=]{40}`),
  },
  { rule: 'aws-key', pattern: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { rule: 'github-token', pattern: /\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b/ },
  { rule: 'npm-token', pattern: /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*[A-Za-z0-9-]{20}/ },
  { rule: 'slack-token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,}/ },
  { rule: 'api-key', pattern: /\b(sk|rk)[-_](live|ant|proj)[-_][A-Za-z0-9_-]{20,}/ },
  { rule: 'google-key', pattern: /\bAIza[A-Za-z0-9_-]{35}\b/ },
  { rule: 'jwt', pattern: /\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,}/ },
  {
    rule: 'login-in-address',
    pattern: /\b(https?|ssh|ftp|postgres|mysql|redis):\/\/[^\s/:@'"`$<{]+:[^\s/@'"`$<{]{3,}@/,
  },
];
const LARGEST_BYTES = 2_000_000;

/** @param {string} text @returns {{ rule: string, line: number }[]} */
export function findSecrets(text) {
  const found = [];
  for (const { rule, pattern } of patterns) {
    const match = pattern.exec(text);
    if (match) found.push({ rule, line: text.slice(0, match.index).split('\n').length });
  }
  return found;
}

/** @param {string[]} files @param {string} base */
export function scanFiles(files, base) {
  const lines = [];
  for (const file of files) {
    const full = path.join(base, file);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > LARGEST_BYTES) continue;
    const data = readFileSync(full);
    if (data.includes(0)) continue;
    for (const { rule, line } of findSecrets(data.toString())) lines.push(`${file}:${line} ${rule}`);
  }
  return lines;
}
