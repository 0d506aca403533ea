// The way to a machine's agent: one connection, one exec channel, `attach` at its end.
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { MachineRecord } from '../../contract/machine.ts';
import { openSsh } from './connect.ts';
import type { SshConnection } from './connection.ts';
import { type LoginSources, prepareLogin } from './login.ts';
import { shellQuote } from './script.ts';
import type { Way } from './way.ts';
import { quote } from './words.ts';

export type SshChannel = {
  readonly stream: Duplex;
  readonly hasPreamble: true;
  close(): void;
  whyEnded(): Refusal | null;
};

/** Only `exec` of our own file with a quoted folder. */
export function attachScript(agentDir: string): string {
  const dir = shellQuote(agentDir);
  return `{
b=${dir}/bin/mesolite-agent
if [ ! -x "$b" ]; then echo 'mesolite-attach-error agent-missing there is no agent in the folder'; exit 3; fi
exec "$b" attach --start --dir ${dir}
}
`;
}

export async function dialSsh(
  machine: MachineRecord,
  { sources, way }: { readonly sources: LoginSources; readonly way: Way },
  signal: AbortSignal,
): Promise<Result<SshChannel>> {
  const { via } = machine;
  if (via.kind !== 'ssh') return refuse('invalid', 'local-machine', machine.name);
  const prepared = await prepareLogin(via.login, null, sources);
  if (!prepared.ok) return prepared;
  const { address, port, user, hostKey } = via;
  const opened = await openSsh({
    to: { address, port },
    user,
    hostKey,
    attempt: prepared.value,
    signal,
    way,
  });
  if (!opened.ok) return opened;
  const channel = await openAttach(opened.value, via);
  if (!channel.ok) opened.value.close();
  return channel;
}

/** Also used by the lanes on their own connection. */
export async function openAttach(
  connection: SshConnection,
  agent: { readonly agentDir: string; readonly sudo: boolean },
): Promise<Result<SshChannel>> {
  const opened = await connection.exec(agent.sudo ? 'exec sudo -n sh -s' : 'exec sh -s');
  if (!opened.ok) return opened;
  const channel: ClientChannel = opened.value;
  let errors = '';
  channel.stderr.on('data', (piece: Buffer) => {
    if (errors.length < 4096) errors += piece.toString('utf8');
  });
  channel.write(attachScript(agent.agentDir));
  return ok({
    stream: channel,
    hasPreamble: true,
    close: () => connection.close(),
    whyEnded: () => connection.whyEnded() ?? wordsOf(errors, agent.sudo),
  });
}

/** What `sudo`, the shell or the agent wrote to standard error before the end, when nothing better is known. */
function wordsOf(errors: string, isSudo: boolean): Refusal | null {
  if (errors.trim() === '') return null;
  if (isSudo && /^sudo:/m.test(errors)) {
    return { code: 'unauthorized', reason: 'sudo-refused', detail: quote(errors) };
  }
  return null;
}
