/**
 * Servers that are not what the app hopes for. Run in a host's network by serve.ts, one a process; says
 * `listening`, then what it sees, one line each. Ends when its standard input does.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { ServerKind, SshHabit } from '../serve.ts';
import { startMdns, startMdns6 } from './mdns.ts';
import { startSsh } from './ssh.ts';

type Spec = {
  readonly kind: ServerKind;
  readonly habit: SshHabit;
  readonly port: number;
  readonly host: string;
  readonly address: string;
};

const spec = JSON.parse(process.argv[2] ?? '{}') as Spec;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const HTTP_ANSWER = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain',
  'Content-Length: 12',
  'Connection: close',
  '',
  'Bad Request\n',
].join('\r\n');

function pourGarbage(socket: Socket): void {
  const pour = (): void => {
    while (!socket.destroyed && socket.write(randomBytes(16_384)));
  };
  socket.on('drain', pour);
  pour();
}

type PlainKind = Exclude<ServerKind, 'ssh' | 'mdns' | 'mdns6'>;

const ANSWERS: Record<PlainKind, (socket: Socket) => void> = {
  http: (socket) => {
    socket.once('data', () => socket.end(HTTP_ANSWER));
  },
  silent: () => {},
  'hang-up': (socket) => {
    socket.destroy();
  },
  garbage: pourGarbage,
};

function startPlain(kind: PlainKind): Server {
  return createServer((socket) => {
    say('connect');
    socket.on('error', () => {});
    socket.on('close', () => say('close'));
    // Without a reader the end of the other side would never be seen.
    socket.resume();
    ANSWERS[kind](socket);
  });
}

if (spec.kind === 'mdns') startMdns(spec.host, spec.address, say);
else if (spec.kind === 'mdns6') startMdns6(spec.host, spec.address, say);
else {
  const server = spec.kind === 'ssh' ? startSsh(spec.habit, say) : startPlain(spec.kind);
  server.listen(spec.port, '0.0.0.0', () => say('listening'));
}
process.stdin.resume();
process.stdin.on('close', () => process.exit(0));
