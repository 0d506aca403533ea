// Bundles one part into a fresh folder: `node bundle-part.mjs PART FOLDER`. A process of its own, because vite sets
// NODE_ENV for everything that runs after it and keeps some 700 MB that nobody needs again.
import { stripVTControlCharacters } from 'node:util';
import { parts } from './bundle-config.mjs';

// The renderer's configuration is TypeScript in a CommonJS package; vite reads it well and warns all the same.
process.env.VITE_CONFIG_NATIVE_IGNORE_WARNING = 'true';

/** What the bundler says without the stack of its own inside. @param {unknown} error */
function errorLines(error) {
  const text = error instanceof Error ? error.message : String(error);
  const end = text.search(/\n(Stack backtrace|\s+at )/);
  return stripVTControlCharacters(end < 0 ? text : text.slice(0, end))
    .trim()
    .split('\n')
    .slice(0, 25);
}

const [name, folder] = process.argv.slice(2);
const part = parts.find((each) => each.name === name);
if (!part || !folder) throw new Error('usage: bundle-part.mjs PART FOLDER');
const { build } = await import('vite');
try {
  for (const config of part.configs(folder)) await build(config);
  part.after?.(folder);
} catch (error) {
  console.error(errorLines(error).join('\n'));
  process.exitCode = 1;
}
