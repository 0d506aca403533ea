// How each part of the app is bundled: main and preload as CommonJS (what the oldest Electron we run on loads, and what
// a sandboxed preload has to be), the renderer as hashed files without anything inline (the CSP allows none).
import { inRoot } from '../lib/paths.mjs';

/** What the main bundle leaves to node_modules: native code, and what Electron brings. */
export const mainExternals = ['electron', 'better-sqlite3', 'ssh2', 'cpu-features'];

/** @typedef {{ name: string, entry: string, outDir: string, inputs: string[], config: (outDir: string) => Promise<import('vite').InlineConfig> }} Part */

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
      emptyOutDir: true,
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

/** @param {string} outDir @returns {Promise<import('vite').InlineConfig>} */
async function rendererConfig(outDir) {
  const { default: react } = await import('@vitejs/plugin-react');
  return {
    configFile: false,
    root: inRoot('renderer'),
    base: './',
    logLevel: 'warn',
    publicDir: false,
    plugins: [react()],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'chrome130',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 3000,
    },
  };
}

/** @type {Part[]} */
export const parts = [
  {
    name: 'main',
    entry: 'electron/shell/main.ts',
    outDir: 'main',
    inputs: ['electron'],
    config: async (outDir) => nodeConfig(outDir, inRoot('electron/shell/main.ts'), 'main.cjs', mainExternals),
  },
  {
    name: 'preload',
    entry: 'electron/shell/preload.ts',
    outDir: 'preload',
    inputs: ['electron'],
    config: async (outDir) =>
      nodeConfig(outDir, inRoot('electron/shell/preload.ts'), 'preload.cjs', ['electron']),
  },
  {
    name: 'renderer',
    entry: 'renderer/index.html',
    outDir: 'renderer',
    inputs: ['renderer', 'electron'],
    config: rendererConfig,
  },
];
