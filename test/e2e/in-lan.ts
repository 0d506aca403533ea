// Brings up the LAN of the end-to-end tests, runs the given command on its desk, and takes the LAN down again.
// Tests find it with `attachLan(process.env.MESOLITE_LAN)`.
import { type HostSpec, plainHosts } from '../lan/spec.ts';
import { createLan } from '../lan/vlan.ts';

/** `strict`: its only account has another password than the rest, and no key of the desk. */
const HOSTS: readonly HostSpec[] = [
  ...plainHosts(3),
  {
    name: 'strict',
    users: [{ name: 'lab', password: 'gneiss-Canary-71', deskKey: false, sudo: 'nopasswd' }],
  },
];
const END_MS = 20_000;

async function main(words: readonly string[]): Promise<number> {
  const [command, ...args] = words;
  if (command === undefined) throw new Error('usage: in-lan.ts COMMAND ARGS...');
  const lan = await createLan({ hosts: HOSTS });
  try {
    return await new Promise((resolve, reject) => {
      const env = { ...process.env, MESOLITE_LAN: lan.prefix };
      const child = lan.desk.spawn(command, args, { stdio: 'inherit', env });
      const stop = (): void => {
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
      };
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    await lan.destroy();
  }
}

process.exitCode = await main(process.argv.slice(2));
