// What has to come from the operating system. As root on Debian and its children it is installed; elsewhere it is
// named, with the command that installs it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readStamp, writeStamp } from '../lib/hash.mjs';
import { sayStep, Trouble } from '../lib/log.mjs';
import { inRoot } from '../lib/paths.mjs';
import { findProgram, mustRun, run } from '../lib/run.mjs';

const DPKG_STATUS = '/var/lib/dpkg/status';
const POLICY_FILE = '/usr/sbin/policy-rc.d';

const electronPackages = [
  ...['libgtk-3-0', 'libnss3', 'libasound2', 'libgbm1', 'libxss1'],
  ...['libatk-bridge2.0-0', 'libcups2', 'libdrm2', 'libxkbcommon0'],
];
const displayPackages = ['xvfb', 'fonts-dejavu-core'];
/** What the virtual LAN says it needs, beside git for the tests themselves. @returns {string[]} */
function testPackages() {
  return ['git', ...readList('lan')];
}

/** @param {string} tier @returns {string[]} */
function readList(tier) {
  const file = inRoot('test', tier, 'packages.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** Which of the names dpkg does not have. A library may be there under its name for 64-bit time. @param {string[]} names @param {string} status */
export function missingPackages(names, status) {
  const has = (/** @type {string} */ name) => {
    const at = `\n${status}`.indexOf(`\nPackage: ${name}\n`);
    return at >= 0 && status.slice(at, at + name.length + 60).includes('\nStatus: install ok installed');
  };
  return names.filter((name) => !has(name) && !has(`${name}t64`));
}

/** @param {string} text the shared libraries as ldd prints them */
export function missingLibraries(text) {
  return [...text.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '');
}

const isDebian = () => existsSync(DPKG_STATUS) && findProgram('apt-get') !== undefined;
const isRoot = () => process.getuid?.() === 0;
const installed = () => readFileSync(DPKG_STATUS, 'utf8');

/** The command a person would type here. @param {string[]} names */
function installCommand(names) {
  if (isDebian()) return `sudo apt-get install -y ${names.join(' ')}`;
  if (findProgram('dnf'))
    return `sudo dnf install gtk3 nss alsa-lib mesa-libgbm libXScrnSaver at-spi2-atk cups-libs libdrm libxkbcommon xorg-x11-server-Xvfb golang gcc-c++ openssh-server`;
  if (findProgram('pacman'))
    return 'sudo pacman -S gtk3 nss alsa-lib mesa libxss at-spi2-core cups libdrm libxkbcommon xorg-server-xvfb go gcc openssh';
  return `install what your system calls: ${names.join(' ')}`;
}

let isListFresh = false;

/** @param {string[]} names */
async function aptInstall(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeoutMs: 15 * 60_000 };
  // A set-up must not start services: an sshd that listens because somebody ran the tests would be a nasty surprise.
  const isPolicyOurs = !existsSync(POLICY_FILE);
  const dropPolicy = () => isPolicyOurs && rmSync(POLICY_FILE, { force: true });
  if (isPolicyOurs) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  process.once('exit', dropPolicy);
  try {
    if (!isListFresh) await mustRun('apt-get', ['update', '-q'], { ...options, what: 'apt-get update' });
    isListFresh = true;
    const choices = [];
    for (const name of names) {
      const newer = await run('apt-cache', ['show', '--no-all-versions', `${name}t64`], { env });
      choices.push(newer.code === 0 && newer.stdout.includes('Package:') ? `${name}t64` : name);
    }
    await mustRun('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...choices], {
      ...options,
      what: 'apt-get install',
    });
    if (names.includes('openssh-server') && existsSync('/run/systemd/system')) {
      await run('systemctl', ['disable', 'ssh.service', 'ssh.socket'], { timeoutMs: 20_000 });
    }
  } finally {
    dropPolicy();
    process.off('exit', dropPolicy);
  }
}

/** One at a time: the package manager refuses a second one beside it. @type {Promise<unknown>} */
let installing = Promise.resolve();

/** Installs what is missing, or says how to. @param {string[]} names @param {string} purpose @returns {Promise<string[]>} what was installed */
export function installPackages(names, purpose) {
  const mine = installing.then(() => installMissing(names, purpose));
  installing = mine.catch(() => undefined);
  return mine;
}

/** @param {string[]} names @param {string} purpose @returns {Promise<string[]>} */
async function installMissing(names, purpose) {
  const wanted = isDebian() ? missingPackages(names, installed()) : names;
  if (wanted.length === 0) return [];
  if (!isDebian() || !isRoot()) {
    throw new Trouble(`${purpose}: missing ${wanted.join(', ')}`, [installCommand(wanted)]);
  }
  await aptInstall(wanted);
  return wanted;
}

/** @param {import('../lib/ensure.mjs').Context} context */
function wantedPackages(context) {
  const names = context.wants.electron ? [...electronPackages] : [];
  if (context.wants.display) names.push(...displayPackages);
  if (context.wants.tests) names.push(...testPackages());
  if (context.wants.machines) names.push(...readList('vm'));
  return names;
}

/** Where packages cannot be asked: do the programs and libraries exist? @param {import('../lib/ensure.mjs').Context} context */
async function lookAround(context) {
  const missing = [];
  if (context.wants.display && !findProgram('Xvfb')) missing.push('xvfb');
  if (context.wants.tests) {
    const programs = {
      sshd: 'openssh-server',
      ip: 'iproute2',
      iptables: 'iptables',
      unshare: 'util-linux',
      git: 'git',
    };
    for (const [program, name] of Object.entries(programs)) if (!findProgram(program)) missing.push(name);
  }
  const file = context.electron?.path;
  if (file && context.wants.electron && findProgram('ldd')) {
    const answer = await run('ldd', [file], { timeoutMs: 20_000 });
    const libraries = missingLibraries(answer.output);
    if (libraries.length > 0)
      missing.push(...(isDebian() ? missingPackages(electronPackages, installed()) : libraries));
  }
  return [...new Set(missing)];
}

/** Newer Ubuntu lets no plain user make the namespaces of Chromium's sandbox. @param {import('../lib/ensure.mjs').Context} context */
function checkSandbox(context) {
  const file = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
  if (!context.electron || isRoot() || !existsSync(file) || readFileSync(file, 'utf8').trim() !== '1') return;
  const helper = path.join(context.electron.folder, 'chrome-sandbox');
  sayStep(
    'note',
    'sandbox',
    `if the window does not open: sudo chown root '${helper}' && sudo chmod 4755 '${helper}'`,
  );
}

/** @param {import('../lib/ensure.mjs').Context} context */
const lookedStamp = (context) =>
  path.join(
    context.cacheDir,
    'facts',
    `system-${JSON.stringify(context.wants).length}-${context.electron?.version ?? ''}`,
  );

/** @type {import('../lib/steps.mjs').Step<import('../lib/ensure.mjs').Context>} */
export const systemStep = {
  name: 'system packages',
  when: (context) => process.platform === 'linux' && wantedPackages(context).length > 0,
  quick: (context) => {
    if (isDebian() && missingPackages(wantedPackages(context), installed()).length === 0) return 'up to date';
    if (
      !(isDebian() && isRoot()) &&
      readStamp(lookedStamp(context)) === JSON.stringify(wantedPackages(context))
    )
      return 'up to date';
    return undefined;
  },
  work: async (context) => {
    if (isDebian() && isRoot()) {
      const names = await installPackages(wantedPackages(context), 'the app');
      return `installed ${names.join(' ')}`;
    }
    const missing = await lookAround(context);
    if (missing.length > 0)
      throw new Trouble(`missing on this system: ${missing.join(', ')}`, [installCommand(missing)]);
    checkSandbox(context);
    writeStamp(lookedStamp(context), JSON.stringify(wantedPackages(context)));
    return 'all found';
  },
};
