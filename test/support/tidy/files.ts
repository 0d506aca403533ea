// Files: names, sizes, folders, and what must not be written into them.
import path from 'node:path';
import { isSource, type SourceFile } from './tree.ts';
import type { Complaint } from './words.ts';

const maxLines = 400;
/** Names that tools, not we, have chosen. */
const givenNames =
  /^(README|LICENSE|CHANGELOG|CONTRIBUTING|CODEOWNERS|THIRD-PARTY)(\.(md|txt))?$|^\.|^package(-lock)?\.json$/;

export function badFileNames(files: readonly string[]): readonly Complaint[] {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
  // Go files carry their system after an underscore: sysinfo_linux.go.
  const go = /^[a-z0-9]+(_[a-z0-9]+)*\.(go|s)$/;
  const bad = files.filter((file) => {
    if (file.split('/').includes('testdata')) return false;
    return file.split('/').some((part) => !kebab.test(part) && !go.test(part) && !givenNames.test(part));
  });
  return bad.map((file) => `${file}: not kebab-case`);
}

export function longFiles(sources: readonly SourceFile[]): readonly Complaint[] {
  const counted = sources.map(({ file, text }) => ({ file, lines: text.trimEnd().split('\n').length }));
  return counted.filter((one) => one.lines > maxLines).map((one) => `${one.file}: ${one.lines} lines`);
}

const maxFunctionLines = 70;

/** Go has no linter of sizes here; gofmt puts the brace that ends a function at the start of its line. */
export function longGoFunctions(sources: readonly SourceFile[]): readonly Complaint[] {
  return sources.flatMap(({ file, text }) => {
    const functions = [...text.matchAll(/^func (?:\([^)]*\) )?(\w+)[^\n]*\{\n[\s\S]*?^\}/gm)];
    return functions
      .map((match) => ({ name: match[1] ?? '', lines: match[0].split('\n').length }))
      .filter((one) => one.lines > maxFunctionLines)
      .map((one) => `${file}: ${one.name} has ${one.lines} lines`);
  });
}

function opensWithComment({ file, text }: SourceFile): boolean {
  const start = text.replace(/^#!.*\n/, '').trimStart();
  return file.endsWith('.sh') ? start.startsWith('#') : /^(\/\/|\/\*)/.test(start);
}

/** A Go folder has one package comment; anything else a README.md or an opening comment in every file. */
function saysWhatItIs(inside: readonly SourceFile[], hasReadme: boolean): boolean {
  if (
    hasReadme ||
    inside.some(({ text }) => /^\/\/ (Package|Command|Mesolite-agent|mesolite-agent) /m.test(text))
  )
    return true;
  return inside.every((one) => opensWithComment(one) && !one.file.endsWith('.go'));
}

/** test/unit mirrors the sources: what lives there is said there. */
export function silentFolders(
  sources: readonly SourceFile[],
  files: readonly string[],
): readonly Complaint[] {
  const byFolder = new Map<string, SourceFile[]>();
  for (const one of sources.filter((each) => isSource(each.file) && !each.file.startsWith('test/unit/'))) {
    const folder = path.posix.dirname(one.file);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), one]);
  }
  return [...byFolder]
    .filter(([folder, inside]) => !saysWhatItIs(inside, files.includes(path.posix.join(folder, 'README.md'))))
    .map(([folder]) => `${folder}: no README.md, and not every file opens with a comment`);
}

/** Numbers from 1 without a gap or a twin. */
export function badNumbering(migrations: readonly string[]): readonly Complaint[] {
  const numbers = migrations.map((file) =>
    Number(/^(\d+)-/.exec(path.posix.basename(file))?.[1] ?? Number.NaN),
  );
  return numbers
    .toSorted((a, b) => a - b)
    .flatMap((number, index) =>
      number === index + 1 ? [] : [`migration ${number} stands where ${index + 1} should`],
    );
}

const places: readonly (readonly [RegExp, string])[] = [
  [/(^|[\s'"`(=])\/work\/[a-z]/m, 'a path of a machine'],
  [
    /(^|[\s'"`(=])\/(Users|home)\/(?!user\b|me\b|\$|<|\{|[a-z]+\b['"`/]?.*(fake|example))[A-Z][a-z]+\//m,
    'a path of a machine',
  ],
  [/\b[A-Z]:\\Users\\\w/, 'a path of a machine'],
  [
    /https?:\/\/(?!registry\.npmjs\.org|docs\.npmjs)[\w.-]*(npm|registry|nexus|artifactory|verdaccio)[\w.-]*\//i,
    'a registry host',
  ],
];

export function localPlaces(source: SourceFile): readonly Complaint[] {
  return places
    .filter(([pattern]) => pattern.test(source.text))
    .map(([pattern, what]) => `${source.file}: ${what} (${pattern.exec(source.text)?.[0]?.trim()})`);
}

/** Each fixture of the wire is named, or its folder is listed, by a test on both sides. */
export function oneSidedFixtures(
  fixtures: readonly string[],
  tests: { readonly ts: readonly SourceFile[]; readonly go: readonly SourceFile[] },
): readonly Complaint[] {
  const reads = (sources: readonly SourceFile[], name: string): boolean =>
    sources.some(({ text }) => {
      const isOurs = /fixtures['"`\s,/]+wire/.test(text);
      return (
        isOurs &&
        (text.includes(name) || /readdir|ReadDir|filepath\.Glob|WalkDir|import\.meta\.glob/.test(text))
      );
    });
  return fixtures.flatMap((fixture) => {
    const name = path.posix.basename(fixture);
    const missing = [reads(tests.ts, name) ? '' : 'TypeScript', reads(tests.go, name) ? '' : 'Go'].filter(
      Boolean,
    );
    return missing.map((side) => `${fixture}: no ${side} test reads it`);
  });
}
