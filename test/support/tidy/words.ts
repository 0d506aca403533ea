// Words: what things are called in code and on the screen (style B.8).
import type { SourceFile } from './tree.ts';

/** Says `file:line what`. */
export type Complaint = string;

/** For our own things only the words of the domain: each of these has one there. */
const domainWords: Readonly<Record<string, string>> = {
  slave: 'agent',
  worker: 'agent',
  box: 'machine',
  tenant: 'framework',
  bid: 'offer',
  evict: 'drain',
  cordon: 'deactivate',
  offline: 'unreachable',
  dead: 'gone',
};

const vagueSuffixes = ['Manager', 'Helper', 'Helpers', 'Util', 'Utils', 'Data'];

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Without comments and strings: what is left are names. */
function namesOnly(text: string): string {
  const blank = (match: string): string => match.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, blank)
    .replace(/\/\/.*$/gm, blank);
}

/** `drainDeadlineMs` -> drain, deadline, ms. */
export function partsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_$]+/)
    .filter((part) => part !== '');
}

export function bannedNames(source: SourceFile): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const seen = new Set<string>();
  for (const match of namesOnly(source.text).matchAll(/[A-Za-z_$][\w$]*/g)) {
    if (seen.has(match[0])) continue;
    seen.add(match[0]);
    const banned = partsOf(match[0]).find((part) => Object.hasOwn(domainWords, part));
    if (banned !== undefined) {
      complaints.push(
        `${source.file}:${lineOf(source.text, match.index)} ${match[0]}: say ${domainWords[banned]}`,
      );
    }
  }
  return complaints;
}

const declaration = /\b(?:class|type|interface)\s+([A-Za-z_$][\w$]*)|\btype\s+(\w+)\s+(?:struct|interface)/g;

export function vagueNames(source: SourceFile): readonly Complaint[] {
  const complaints: Complaint[] = [];
  for (const match of namesOnly(source.text).matchAll(declaration)) {
    const name = match[1] ?? match[2] ?? '';
    const suffix = vagueSuffixes.find((one) => name.endsWith(one) && name.length > one.length);
    const isPrefixed = /^I[A-Z][a-z]/.test(name) && match[0].startsWith('interface');
    const where = `${source.file}:${lineOf(source.text, match.index)} ${name}`;
    if (suffix !== undefined) complaints.push(`${where}: ${suffix} says nothing`);
    if (isPrefixed) complaints.push(`${where}: no I prefix`);
  }
  return complaints;
}

/** Words a person must not meet on the screen; the right-hand side is what we say. */
const screenWords: readonly (readonly [RegExp, string])[] = [
  [/\b(slave|worker|node)s?\b/i, 'agent or machine'],
  [/\b(boxe?s?|server(?! key)s?)\b/i, 'machine'],
  [/\btenants?\b/i, 'framework'],
  [/\bbids?\b/i, 'offer'],
  [/\bevict(s|ed|ing)?\b/i, 'drain'],
  [/\bcordon(s|ed)?\b/i, 'deactivate'],
  [/\boffline\b/i, 'unreachable'],
  [/\bdead\b/i, 'gone'],
  [/\bplease\b|\boops\b|\bsorry\b/i, 'nothing: state what is and what to do'],
];

/**
 * `SSH server` is what the thing on the other side is called by everybody; a refusal of it may drop the SSH, and
 * what agents say of a download means one of the web.
 */
const fixedTerms = /\b(SSH|DNS|NTP|DHCP|X11?) servers?\b/g;

export function bannedTexts(messages: Readonly<Record<string, string>>): readonly Complaint[] {
  const complaints: Complaint[] = [];
  for (const [key, message] of Object.entries(messages)) {
    const plain = message.replace(/^(refusal|said)\./.test(key) ? /\bservers?\b/g : fixedTerms, '');
    for (const [pattern, instead] of screenWords) {
      const match = pattern.exec(plain);
      if (match !== null) complaints.push(`${key}: "${match[0]}" - say ${instead}`);
    }
    if (message.includes('!')) complaints.push(`${key}: no exclamation marks`);
  }
  return complaints;
}

const todo = /\b(TODO|FIXME|XXX|HACK)\b(\(#\d+\): \S)?/g;

/** A TODO names an issue: `TODO(#12): why`. The other three are not used. */
export function looseTodos(source: SourceFile): readonly Complaint[] {
  return [...source.text.matchAll(todo)]
    .filter((match) => match[1] !== 'TODO' || match[2] === undefined)
    .map((match) => `${source.file}:${lineOf(source.text, match.index)} ${match[1]} without an issue`);
}
