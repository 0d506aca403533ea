/** An SSH server with one bad habit. Users get in with the password `lab`, or with any key. */
import { generateKeyPairSync } from 'node:crypto';
import type { Server as NetServer } from 'node:net';
import type { AuthContext, Connection, ServerChannel, ServerConfig, Session } from 'ssh2';
import ssh2 from 'ssh2';
import type { SshHabit } from '../serve.ts';

const PASSWORD = 'lab';

type Say = (line: string) => void;

export function startSsh(habit: SshHabit, say: Say): NetServer {
  const server = new ssh2.Server(configOf(habit), (connection) => {
    say('connect');
    connection.on('error', () => {});
    connection.on('close', () => say('close'));
    connection.on('authentication', (context) => {
      say(`auth ${context.method} ${context.username}`);
      if (habit !== 'auth-never-answers') answer(context, habit);
    });
    connection.on('ready', () => onLogin(connection, habit, say));
  });
  return server;
}

function configOf(habit: SshHabit): ServerConfig {
  // RSA, since ssh2 reads its PEM form and a weak server would have nothing else.
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  if (habit !== 'weak-algorithms') return { hostKeys: [privateKey] };
  return {
    hostKeys: [privateKey],
    algorithms: {
      kex: ['diffie-hellman-group1-sha1'],
      serverHostKey: ['ssh-rsa'],
      cipher: ['3des-cbc'],
      hmac: ['hmac-md5'],
    },
  };
}

function answer(context: AuthContext, habit: SshHabit): void {
  const methods: ('password' | 'publickey')[] = ['password', 'publickey'];
  if (habit === 'auth-refused') return context.reject(methods);
  const isRight =
    (context.method === 'password' && context.password === PASSWORD) || context.method === 'publickey';
  if (isRight) context.accept();
  else context.reject(methods);
}

function onLogin(connection: Connection, habit: SshHabit, say: Say): void {
  if (habit === 'drop-after-login') {
    connection.end();
    return;
  }
  connection.on('session', (accept) => {
    const session = accept();
    session.on('exec', (acceptExec, refuse, info) => {
      say(`exec ${info.command.split('\n')[0] ?? ''}`);
      if (habit === 'exec-refused') refuse();
      else runExec(acceptExec(), habit);
    });
    refuseTheRest(session);
  });
}

function refuseTheRest(session: Session): void {
  session.on('shell', (_accept, refuse) => refuse());
  session.on('sftp', (_accept, refuse) => refuse());
}

function runExec(channel: ServerChannel, habit: SshHabit): void {
  channel.on('error', () => {});
  switch (habit) {
    case 'exec-silent':
      return;
    case 'exec-endless': {
      const line = Buffer.from('all work and no play\n'.repeat(512));
      const pour = (): void => {
        while (!channel.destroyed && channel.write(line));
      };
      channel.on('drain', pour);
      pour();
      return;
    }
    case 'exec-no-code':
      channel.end('gone\n');
      channel.close();
      return;
    default:
      channel.write('ok\n');
      channel.exit(0);
      channel.end();
  }
}
