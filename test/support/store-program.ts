// The program of the store's thread, bundled as in the app: the real one, or the one with a disk that a test slows down; and the
// bench that measures the core as it is bundled.
// It lies inside the checkout, where it finds its packages.
import path from 'node:path';
import { build } from 'vite';

const root = path.resolve(import.meta.dirname, '../..');
const sources = {
  real: path.join(root, 'electron/adapters/store/store-worker.ts'),
  hooked: path.join(root, 'test/support/hooked-store-child.ts'),
  bench: path.join(root, 'test/bench/allocator-child.ts'),
} as const;

export type StoreProgram = keyof typeof sources;

/** A folder of this process alone. Its maker removes it. */
export function newProgramFolder(): string {
  return path.join(root, 'dist', `.threads-${process.pid}-${Date.now()}`);
}

export async function bundleStoreProgram(kind: StoreProgram, folder: string): Promise<string> {
  const external = (id: string): boolean => id === 'better-sqlite3' || id.startsWith('node:');
  await build({
    configFile: false,
    root,
    logLevel: 'warn',
    publicDir: false,
    ssr: { target: 'node', noExternal: true, external: ['better-sqlite3'] },
    build: {
      ssr: sources[kind],
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        external,
        output: { format: 'cjs', entryFileNames: `${kind}.cjs`, codeSplitting: false },
      },
    },
  });
  return path.join(folder, `${kind}.cjs`);
}
