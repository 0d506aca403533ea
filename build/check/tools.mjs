// The programs the check uses, and how their answers are read. Every parser here also notices when a tool saw
// nothing: "no findings" in no files is a failure, not a success.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

/** A program of a package in node_modules, started with this very Node. @param {string} name package @param {string} [bin] */
function packageProgram(name, bin = name) {
  const folder = inRoot('node_modules', ...name.split('/'));
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) throw new Error(`${name} is not installed: run npm ci`);
  const declared = JSON.parse(readFileSync(file, 'utf8')).bin;
  const relative = typeof declared === 'string' ? declared : declared?.[bin];
  if (!relative) throw new Error(`${name} has no program ${bin}`);
  return path.join(folder, relative);
}

/** @param {{ name: string, bin?: string, args: string[], cwd?: string, preload?: string }} tool */
export function runPackage({ name, bin, args, cwd, preload }) {
  // TypeScript 7 and others look for a terminal; plain text is what a log can hold.
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const options = { cwd: cwd ?? inRoot(), env, timeoutMs: 120_000 };
  const program = packageProgram(name, bin);
  const before = preload ? ['--import', pathToFileURL(preload).href] : [];
  return run(process.execPath, [...before, program, ...args], options);
}

/** @param {string} [cwd] */
export function runCruiser(cwd) {
  const args = [
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    'electron',
    'renderer',
    'test',
  ];
  const preload = inRoot('build', 'check', 'swc-tsx.mjs');
  return runPackage({ name: 'dependency-cruiser', bin: 'depcruise', args, preload, ...(cwd ? { cwd } : {}) });
}

/** @typedef {{ file: string, line: number, rule: string, message: string }} LintFinding */

/** What `oxlint --format json` says. @param {string} text @returns {{ findings: LintFinding[], files: number }} */
export function readLint(text) {
  const answer = JSON.parse(text);
  const findings = answer.diagnostics.map((/** @type {any} */ one) => ({
    file: one.filename,
    line: one.labels?.[0]?.span?.line ?? 0,
    rule: one.code ?? 'parse',
    message: [one.message, one.help].filter(Boolean).join(' - '),
  }));
  return { findings, files: answer.number_of_files };
}

/** @typedef {{ from: string, to: string, rule: string }} Violation */

/** What `depcruise --output-type json` says. @param {string} text @returns {{ violations: Violation[], modules: string[] }} */
export function readLayers(text) {
  const answer = JSON.parse(text);
  const violations = answer.summary.violations.map((/** @type {any} */ one) => ({
    from: one.from,
    to: one.to,
    rule: one.rule.name,
  }));
  const own = (/** @type {string} */ source) => !source.includes('node_modules');
  return { violations, modules: answer.modules.map((/** @type {any} */ one) => one.source).filter(own) };
}

/** Source files the cruiser must have seen but has not. @param {string[]} files @param {string[]} modules */
export function unseen(files, modules) {
  const seen = new Set(modules);
  return files.filter((file) => !seen.has(file));
}

/** Lines `file(line,column): error TSxxxx: words` of the compiler. @param {string} text */
export function readTypes(text) {
  return [...text.matchAll(/^(\S.*?)\((\d+),\d+\): error (TS\d+): (.*)$/gm)].map((match) => ({
    file: match[1] ?? '',
    line: Number(match[2]),
    rule: match[3] ?? '',
    message: match[4] ?? '',
  }));
}

/** @param {LintFinding[]} findings */
export function listFindings(findings) {
  return findings.map((one) => `${one.file}:${one.line} ${one.rule}: ${one.message}`).join('\n');
}
