// How each part of the app is bundled: main and preload as CommonJS (what the oldest Electron we run on loads, and what
// a sandboxed preload has to be), the renderer as hashed files without anything inline (the CSP allows none).
import path from 'node:path';
import { inRoot } from '../lib/paths.mjs';
import { writeVendors } from './mac-vendors.mjs';

/** What the main bundle leaves to node_modules: native code, and what Electron brings. */
const mainExternals = ['electron', 'better-sqlite3', 'ssh2', 'cpu-features'];

/**
 * @typedef {{ name: string, outDir: string, inputs: string[], entries: string[],
 *   configs: (outDir: string) => import('vite').InlineConfig[], after?: (outDir: string) => void }} Part
 */

/** @param {string} outDir @param {string} entry @param {string} fileName @param {string[]} externals @returns {import('vite').InlineConfig} */
function nodeConfig(outDir, entry, fileName, externals) {
  return {
    configFile: false,
    root: inRoot(),
    logLevel: 'warn',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    ssr: { target: 'node', noExternal: true, external: externals },
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        external: (id) => externals.includes(id) || id.startsWith('node:'),
        output: { format: 'cjs', entryFileNames: fileName, codeSplitting: false },
      },
    },
  };
}

/** @type {Part[]} */
export const parts = [
  {
    name: 'main',
    outDir: 'main',
    inputs: ['electron'],
    entries: [
      'electron/shell/main.ts',
      'electron/shell/preload.ts',
      'electron/headless.ts',
      'electron/adapters/store/store-worker.ts',
    ],
    // The preload and the store's thread sit beside main, where the packaged app has them too.
    configs: (outDir) => [
      nodeConfig(outDir, inRoot('electron/shell/main.ts'), 'main.cjs', mainExternals),
      nodeConfig(outDir, inRoot('electron/shell/preload.ts'), 'preload.cjs', ['electron']),
      nodeConfig(outDir, inRoot('electron/headless.ts'), 'headless.cjs', mainExternals),
      nodeConfig(
        outDir,
        inRoot('electron/adapters/store/store-worker.ts'),
        'store-worker.cjs',
        mainExternals,
      ),
    ],
    after: (outDir) => writeVendors(path.join(outDir, 'mac-vendors.txt')),
  },
  {
    name: 'renderer',
    outDir: 'renderer',
    inputs: ['renderer', 'electron/contract'],
    entries: ['renderer/index.html', 'renderer/vite.config.ts'],
    configs: (outDir) => [
      {
        configFile: inRoot('renderer/vite.config.ts'),
        logLevel: 'warn',
        publicDir: false,
        build: { outDir, emptyOutDir: false },
      },
    ],
  },
];
