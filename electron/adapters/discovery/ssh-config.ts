// ssh_config as OpenSSH reads it: line by line, the first value of each keyword counts, `Include` stands for the lines of
// the files it names. Nothing is run: a `Match exec` never matches. test/unit compares the outcome with `ssh -G`.
import { matchesList } from './patterns.ts';

export type ConfigLine = { readonly keyword: string; readonly args: readonly string[] };

/** One line into its keyword, in lower case, and its arguments. null = empty, a comment, or not readable. */
export function parseConfigLine(raw: string): ConfigLine | null {
  const line = raw.replace(/[\s\f]+$/, '').replace(/^[ \t\f\r]+/, '');
  if (line === '' || line.startsWith('#')) return null;
  const head = /^(?:"([^"]*)"|([^\s="]+))[ \t]*=?[ \t]*/.exec(line);
  const keyword = (head?.[1] ?? head?.[2] ?? '').toLowerCase();
  if (head === null || keyword === '') return null;
  const rest = line.slice(head[0].length);
  // What is a command goes to a shell as it stands.
  if (/^(proxy|local|remote|knownhosts)command$/.test(keyword)) return { keyword, args: [rest] };
  const args = splitWords(rest);
  return args === null || args.length === 0 ? null : { keyword, args };
}

/** Quoted by either quote, escaped, or plain: in this order, so that no character can be read in two ways. */
const piece =
  /"((?:\\["'\\]|[^"\\]|\\(?!["'\\]))*)"|'((?:\\["'\\]|[^'\\]|\\(?!["'\\]))*)'|\\(["'\\ ])|([^ \t"'])/y;

/** argv_split() of OpenSSH's misc.c: quotes anywhere in a word, a backslash before few characters only. null = not closed. */
export function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === ' ' || text[at] === '\t') at += 1;
    if (at >= text.length || text[at] === '#') return words;
    let word = '';
    while (at < text.length && text[at] !== ' ' && text[at] !== '\t') {
      piece.lastIndex = at;
      const found = piece.exec(text);
      if (found === null) return null;
      const quoted = found[1] ?? found[2];
      word += quoted === undefined ? (found[3] ?? found[4] ?? '') : quoted.replace(/\\(["'\\])/g, '$1');
      at = piece.lastIndex;
    }
    words.push(word);
  }
}

/** A file, with the files that its `Include` lines stand for in their places. */
export type ConfigFile = readonly (ConfigLine | { readonly included: readonly ConfigFile[] })[];

export type HostConfig = {
  readonly hostName: string;
  readonly port: number;
  readonly user: string | null;
  readonly identityFiles: readonly string[];
  readonly jumps: readonly string[];
};

type Draft = { hostName?: string; port?: number; user?: string; jumps?: string[]; identityFiles: string[] };
type Subject = { readonly alias: string; readonly localUser: string };

/** Names that a `Host` line gives to one machine: no patterns. */
export function aliasesOf(file: ConfigFile): string[] {
  const aliases = new Set<string>();
  const visit = (lines: ConfigFile): void => {
    for (const line of lines) {
      if ('included' in line) line.included.forEach(visit);
      else if (line.keyword === 'host') {
        for (const name of line.args) if (!/[*?!]/.test(name)) aliases.add(name);
      }
    }
  };
  visit(file);
  return [...aliases];
}

/** The person's file before the system's: what the first says stays. */
export function resolveHost(files: readonly ConfigFile[], alias: string, localUser: string): HostConfig {
  const draft: Draft = { identityFiles: [] };
  for (const file of files) walk(file, true, { draft, subject: { alias, localUser } });
  const hostName = expand(draft.hostName ?? alias, { h: alias }) ?? alias;
  return {
    hostName,
    port: draft.port ?? 22,
    user: draft.user ?? null,
    identityFiles: draft.identityFiles,
    jumps: draft.jumps ?? [],
  };
}

type Walk = { readonly draft: Draft; readonly subject: Subject };

/** A `Host` inside an included file ends with that file. */
function walk(lines: ConfigFile, isActiveBefore: boolean, context: Walk): void {
  let isActive = isActiveBefore;
  for (const line of lines) {
    if ('included' in line) {
      if (isActive) for (const file of line.included) walk(file, true, context);
    } else if (line.keyword === 'host')
      isActive = isActiveBefore && matchesList(context.subject.alias, line.args);
    else if (line.keyword === 'match') isActive = isActiveBefore && matchesCriteria(line.args, context);
    else if (isActive) take(line, context.draft);
  }
}

function take({ keyword, args }: ConfigLine, draft: Draft): void {
  const [value = ''] = args;
  switch (keyword) {
    case 'hostname':
      draft.hostName ??= value;
      break;
    case 'user':
      draft.user ??= value;
      break;
    case 'port':
      if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535)
        draft.port ??= Number(value);
      break;
    case 'identityfile':
      if (!draft.identityFiles.includes(value)) draft.identityFiles.push(value);
      break;
    case 'proxyjump':
      draft.jumps ??= value.toLowerCase() === 'none' ? [] : value.split(',').map((each) => each.trim());
      break;
    // Whichever of the two comes first rules the other out.
    case 'proxycommand':
      draft.jumps ??= [];
      break;
  }
}

/** Only what can be known without asking or running anything; the second pass of `final` and `canonical` is none of ours. */
function matchesCriteria(args: readonly string[], { draft, subject }: Walk): boolean {
  const host = expand(draft.hostName ?? subject.alias, { h: subject.alias }) ?? subject.alias;
  const known: Readonly<Record<string, string>> = {
    host,
    originalhost: subject.alias,
    user: draft.user ?? subject.localUser,
    localuser: subject.localUser,
  };
  for (let at = 0; at < args.length; at += 1) {
    const word = (args[at] ?? '').toLowerCase();
    const isDenied = word.startsWith('!');
    const criterion = isDenied ? word.slice(1) : word;
    if (criterion === 'all') {
      if (isDenied) return false;
      continue;
    }
    const value = known[criterion];
    at += 1;
    if (value === undefined || matchesList(value, (args[at] ?? '').split(',')) === isDenied) return false;
  }
  return args.length > 0;
}

/** `%%` and the tokens given; null when another one is in it. */
export function expand(text: string, tokens: Readonly<Record<string, string>>): string | null {
  let isKnown = true;
  const expanded = text.replace(/%(.?)/g, (_whole, token: string) => {
    if (token === '%') return '%';
    const value = tokens[token];
    if (value === undefined) isKnown = false;
    return value ?? '';
  });
  return isKnown ? expanded : null;
}
