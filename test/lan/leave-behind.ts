/** Run by vlan.test.ts as a process of its own: makes a LAN and waits, to be killed or interrupted. */
import { plainHosts } from './spec.ts';
import { createLan } from './vlan.ts';

createLan({ hosts: plainHosts(1) }).then(
  (lan) => {
    process.stdout.write(`${lan.prefix}\n`);
    // Something that runs on the desk must go as well.
    lan.desk.spawn('sleep', ['300'], { stdio: 'ignore', detached: true }).unref();
    process.stdin.resume();
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
