// A TCP connection with a typed refusal for each way it can fail.
import { connect, type Socket } from 'node:net';
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import { quote } from './words.ts';

const connectTimeoutMs = 8000;

export type Address = { readonly address: string; readonly port: number };

export function openTcp(to: Address, signal: AbortSignal): Promise<Result<Socket>> {
  const where = `${to.address} port ${to.port}`;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(refuse('conflict', 'cancelled', where));
    const socket = connect({ host: to.address, port: to.port });
    const timer = setTimeout(() => {
      settle(refuse('timeout', 'connect-timeout', `${where}: no answer within ${connectTimeoutMs / 1000} s`));
    }, connectTimeoutMs);
    const onAbort = () => settle(refuse('conflict', 'cancelled', where));
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (result: Result<Socket>) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners('connect');
      socket.removeAllListeners('error');
      // Late errors of a socket that nobody waits for must not end the process.
      socket.on('error', () => {});
      if (!result.ok) socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => {
      socket.setNoDelay(true);
      settle(ok(socket));
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle({ ok: false, refusal: socketRefusal(error, where) });
    });
  });
}

/** What the operating system's error code means for the person who typed the address. */
export function socketRefusal(error: NodeJS.ErrnoException, where: string): Refusal {
  const detail = `${where}: ${quote(error.message)}`;
  // A name with several addresses fails with one error for each; the first speaks for all.
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException | undefined) : error;
  switch (inner?.code ?? error.code) {
    case 'ENOTFOUND':
    case 'EAI_NONAME':
    case 'EAI_NODATA':
      return { code: 'not-found', reason: 'no-such-host', detail };
    case 'EAI_AGAIN':
      return { code: 'unreachable', reason: 'name-lookup-failed', detail };
    case 'ECONNREFUSED':
      return { code: 'unreachable', reason: 'connection-refused', detail };
    case 'ETIMEDOUT':
      return { code: 'timeout', reason: 'connect-timeout', detail };
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
      return { code: 'unreachable', reason: 'no-route', detail };
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return { code: 'unreachable', reason: 'network-down', detail };
    case 'ECONNRESET':
    case 'EPIPE':
      return { code: 'unreachable', reason: 'connection-reset', detail };
    default:
      return { code: 'unreachable', reason: 'connection-failed', detail };
  }
}
