// Documents: links that lead somewhere, commands that exist, messages that somebody shows.
import path from 'node:path';
import type { SourceFile } from './tree.ts';
import type { Complaint } from './words.ts';

export function brokenLinks(
  pages: readonly SourceFile[],
  exists: (file: string) => boolean,
): readonly Complaint[] {
  return pages.flatMap(({ file, text }) => {
    const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
    const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|<img[^>]+src="([^"]+)"/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    return targets
      .filter((target) => !/^([a-z]+:|#)/.test(target))
      .map((target) =>
        path.posix.normalize(path.posix.join(path.posix.dirname(file), target.split('#')[0] ?? '')),
      )
      .filter((target) => !exists(target))
      .map((target) => `${file}: ${target} is not there`);
  });
}

export function unknownScripts(page: SourceFile, scripts: readonly string[]): readonly Complaint[] {
  const known = new Set([...scripts, 'start', 'test']);
  const used = [...page.text.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)]
    .filter((match) => match[0].startsWith('npm run') || ['start', 'test'].includes(match[1] ?? ''))
    .map((match) => match[1] ?? '');
  return used
    .filter((name) => !known.has(name))
    .map((name) => `${page.file}: npm run ${name} does not exist`);
}

/** Keys as they stand in the code, whole or with a hole: `state.${word}`. */
export function unusedMessages(
  keys: readonly string[],
  sources: readonly SourceFile[],
): readonly Complaint[] {
  const texts = sources.map((one) => one.text).join('\n');
  const literals = new Set([...texts.matchAll(/['"`]([\w-]+(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1]));
  const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const holes = [...texts.matchAll(/`((?:[\w.-]|\$\{[^}`]*\})+)`/g)]
    .map((match) => match[1] ?? '')
    .filter((text) => text.includes('${') && /^[\w-]+\./.test(text))
    .map(
      (text) =>
        new RegExp(
          `^${text
            .split(/\$\{[^}]*\}/)
            .map(escape)
            .join('[\\w.-]+')}$`,
        ),
    );
  return keys.filter((key) => !literals.has(key) && !holes.some((hole) => hole.test(key)));
}
