/** The real agent, over its unix socket, as the app reaches it on its own computer. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { socketPlace } from '../../electron/adapters/system/local-agent.ts';
import { describeAgent } from '../support/agent-conformance.ts';
import { builtAgent } from './built-agent.ts';

const run = promisify(execFile);

describeAgent('the real agent', async () => {
  const binary = await builtAgent();
  const dir = join(mkdtempSync(join(tmpdir(), 'mesolite-conformance-')), 'mesolite');
  await run(binary, ['daemon', '--dir', dir]);
  return {
    connect: async () => {
      const place = socketPlace(dir);
      const socket = connect({ path: place.path });
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      place.release();
      return socket;
    },
    stop: async () => {
      await run(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
      rmSync(join(dir, '..'), { recursive: true, force: true });
    },
  };
});
