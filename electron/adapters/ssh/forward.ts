// One connection passed on by a jump host, with a typed refusal for each way it can fail there.
import type { Duplex } from 'node:stream';
import type { Client as SshClient } from 'ssh2';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { Address } from './tcp.ts';
import { hangUp } from './way.ts';
import { quote } from './words.ts';

/** Longer than a connection of ours: sshd waits for its own system, which gives up on a silent address after minutes. */
const forwardTimeoutMs = 10_000;

export function openForward(client: SshClient, to: Address, signal: AbortSignal): Promise<Result<Duplex>> {
  const where = `${to.address} port ${to.port}`;
  return new Promise((resolve) => {
    let isSettled = false;
    const settle = (result: Result<Duplex>) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      client.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onAbort = () => settle(refuse('conflict', 'cancelled', where));
    const onClose = () =>
      settle(refuse('unreachable', 'connection-reset', `${where}: the jump host went away`));
    const timer = setTimeout(() => {
      const words = `${where}: no answer within ${forwardTimeoutMs / 1000} s`;
      settle(refuse('timeout', 'connect-timeout', words));
    }, forwardTimeoutMs);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    client.once('close', onClose);
    try {
      client.forwardOut('127.0.0.1', 0, to.address, to.port, (error, channel) => {
        if (error) return settle({ ok: false, refusal: forwardRefusal(error, where) });
        // Late errors of a channel that nobody waits for must not end the process.
        channel.on('error', () => {});
        if (isSettled) return hangUp(channel);
        settle(ok(channel));
      });
    } catch (error) {
      settle(refuse('unreachable', 'connection-reset', `${where}: ${quote(String(error))}`));
    }
  });
}

/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254 section 5.1). */
const prohibited = 1;

/** sshd tells the words of its system (strerror, gai_strerror) and nothing else of why. */
const words: readonly (readonly [RegExp, Refusal['code'], Refusal['reason']])[] = [
  [/connection refused/i, 'unreachable', 'connection-refused'],
  [/no route to host/i, 'unreachable', 'no-route'],
  [/network is unreachable/i, 'unreachable', 'no-route'],
  [/timed out|timeout/i, 'timeout', 'connect-timeout'],
  [/temporary failure in name resolution/i, 'unreachable', 'name-lookup-failed'],
  [
    /name or service not known|no address associated|unknown host|nodename nor servname/i,
    'not-found',
    'no-such-host',
  ],
];

export function forwardRefusal(error: Error & { reason?: unknown }, where: string): Refusal {
  const detail = `${where}: ${quote(error.message)}`;
  if (error.reason === prohibited) return { code: 'unsupported', reason: 'forwarding-refused', detail };
  const known = words.find(([pattern]) => pattern.test(error.message));
  if (known === undefined) return { code: 'unreachable', reason: 'connection-failed', detail };
  const [, code, reason] = known;
  return { code, reason, detail };
}
