// Loaded before dependency-cruiser (`node --import`): its swc parser takes every file for plain TypeScript and stops at
// the first JSX. Here .tsx files get the option that they need.
import { createRequire } from 'node:module';

const swc = createRequire(import.meta.url)('@swc/core');
const parseFileSync = swc.parseFileSync;

/** @param {string} file @param {Record<string, unknown>} options */
swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('x') });
