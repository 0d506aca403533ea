/** `npm run lan`: a LAN for hands-on work that stays up until `down`. One at a time, always the same prefix. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ADVERSE_HOSTS } from './adverse.ts';
import type { Host } from './host.ts';
import { type HostSpec, plainHosts } from './spec.ts';
import { type Account, loadState } from './state.ts';
import { sweepLeftovers, teardown } from './teardown.ts';
import { attachLan, createLan, type Lan } from './vlan.ts';

const PREFIX = 'mslab';

const USAGE = `npm run lan -- up [N] [adverse]  N hosts (2), host1..hostN, and the desk; stays up. With adverse also the
                                 hosts of adverse.ts: odd shells, full homes, no sudo ...
npm run lan -- status            what is up, and how to get in
npm run lan -- desk CMD...       runs CMD on the desk, for instance: desk npm start
npm run lan -- exec HOST CMD...  runs CMD on a host as root, without ssh
npm run lan -- off|on HOST       pulls the plug, starts it again (same disk, new boot id)
npm run lan -- cut|mend HOST     unplugs its network cable, plugs it in again
npm run lan -- lose HOST PERCENT loses packets both ways; clear HOST ends that
npm run lan -- rekey HOST        gives it another host key
npm run lan -- down              ends and removes everything`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function up(count: number, more: readonly HostSpec[]): Promise<number> {
  if (!Number.isInteger(count) || count < 1) return fail(`not a number of hosts: ${count}`);
  if (loadState(PREFIX) !== undefined) {
    sweepLeftovers();
    if (loadState(PREFIX) !== undefined) return fail('it is up already; `npm run lan -- down` ends it');
  }
  const startMs = performance.now();
  const lan = await createLan({ hosts: [...plainHosts(count), ...more], prefix: PREFIX, isKept: true });
  print(`${lan.hosts.length} hosts up in ${((performance.now() - startMs) / 1000).toFixed(2)} s`);
  await status(lan);
  return 0;
}

async function status(lan: Lan): Promise<void> {
  for (const host of lan.hosts) print(await describe(host));
  print(`desk   ${lan.desk.address}`);
  print(`key    ${lan.desk.keyPath}`);
  print('try    npm run lan -- desk npm start');
}

async function describe(host: Host): Promise<string> {
  const fields = [host.name, `${host.address}:${host.sshPort}`];
  if (!host.isOn()) return [...fields, 'off'].join('  ');
  if (host.hasSshd) fields.push(host.users.map(describeAccount).join(', '), await host.fingerprint());
  else fields.push('no sshd');
  const pids = host.pids();
  return [...fields, `${pids.length} processes, ${pssMib(pids)} MiB`].join('  ');
}

function describeAccount({ name, password, hasDeskKey }: Account): string {
  const ways = [...(hasDeskKey ? ['key'] : []), ...(password === undefined ? [] : [`password ${password}`])];
  return `${name} (${ways.join(', ') || 'no way in'})`;
}

function pssMib(pids: readonly number[]): string {
  const kib = pids.reduce((sum, pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return sum + Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    } catch {
      return sum;
    }
  }, 0);
  return (kib / 1024).toFixed(1);
}

function fail(message: string): number {
  process.stderr.write(`${message}\n`);
  return 1;
}

/** Takes over the terminal until the command ends. */
function takeOver(argv: readonly string[]): number {
  const [command = '', ...args] = argv;
  const result = spawnSync(command, args, { stdio: 'inherit' });
  return result.status ?? 1;
}

const HOST_VERBS: Record<string, (host: Host, rest: readonly string[]) => Promise<void>> = {
  off: (host) => host.powerOff(),
  on: (host) => host.powerOn(),
  cut: (host) => host.cut(),
  mend: (host) => host.mend(),
  lose: (host, [percent]) => host.lose(Number(percent)),
  clear: (host) => host.clear(),
  rekey: (host) => host.changeHostKey(),
};

function down(): number {
  const state = loadState(PREFIX);
  if (state !== undefined) teardown(state);
  for (const swept of sweepLeftovers()) print(`removed what ${swept} left behind`);
  return 0;
}

async function onHost(lan: Lan, verb: string, [name = '', ...words]: readonly string[]): Promise<number> {
  const act = HOST_VERBS[verb];
  if (verb !== 'exec' && act === undefined) return fail(USAGE);
  if (!lan.hosts.some((host) => host.name === name)) return fail(`no host named ${name}`);
  const host = lan.host(name);
  if (act === undefined) return takeOver(host.enterArgs(words.length > 0 ? words : ['bash', '-l']));
  await act(host, words);
  return 0;
}

async function main([verb = 'help', ...rest]: readonly string[]): Promise<number> {
  if (verb === 'up') return up(Number(rest[0] ?? 2), rest[1] === 'adverse' ? ADVERSE_HOSTS : []);
  if (verb === 'down') return down();
  if (verb === 'help') return fail(USAGE);
  if (loadState(PREFIX) === undefined) return fail('nothing is up; `npm run lan -- up 2` starts it');
  const lan = attachLan(PREFIX);
  if (verb === 'desk') return takeOver(lan.desk.enterArgs(rest.length > 0 ? rest : ['bash']));
  if (verb !== 'status') return onHost(lan, verb, rest);
  await status(lan);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = fail(error instanceof Error ? error.message : String(error));
  },
);
