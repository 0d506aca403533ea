// From "how the person wants to log in" to one attempt that ssh2 can make. Everything that can be wrong on this
// computer (no file, no passphrase, no agent) is refused here, before a machine is troubled.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import ssh2 from 'ssh2';
import { ok, type Result, refuse } from '../../contract/errors.ts';
import type { Login } from '../../contract/machine.ts';
import type { Secret } from './secret.ts';
import { unlockKey } from './unlock-key.ts';
import { quote } from './words.ts';

const { BaseAgent, OpenSSHAgent, utils } = ssh2;
const maxKeyFileBytes = 64 * 1024;
/** sshd counts each key of an agent as an attempt and hangs up after six. */
const maxAgentKeys = 5;

export type LoginAttempt =
  | { readonly kind: 'password'; readonly password: Secret }
  | { readonly kind: 'key'; readonly key: ParsedKey; readonly words: string }
  | { readonly kind: 'agent'; readonly agent: FewKeysAgent; readonly words: string };

export type LoginSources = {
  /** Mesolite's own private key, OpenSSH format. */
  readonly ownKeyPath: string;
  readonly agentSocket: string | null;
};

export async function prepareLogin(
  login: Login,
  passphrase: Secret | null,
  sources: LoginSources,
): Promise<Result<LoginAttempt>> {
  switch (login.kind) {
    case 'key-file':
      return readKey(expandHome(login.path), passphrase);
    case 'own-key': {
      const own = await readKey(sources.ownKeyPath, null);
      return own.ok ? own : refuse('not-found', 'own-key-missing', own.refusal.detail);
    }
    case 'ssh-agent':
      return askAgent(sources.agentSocket);
  }
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

async function readKey(path: string, passphrase: Secret | null): Promise<Result<LoginAttempt>> {
  const text = await readSmallFile(path);
  if (!text.ok) return text;
  const bytes = text.value;
  try {
    const opened = passphrase === null ? null : await unlockKey(bytes, passphrase.bytes);
    if (opened === 'wrong-passphrase') return wrongPassphrase(path);
    if (opened === null) return parseKey(bytes, path, passphrase);
    const parsed = parseKey(opened, path, null);
    opened.fill(0);
    return parsed;
  } finally {
    bytes.fill(0);
  }
}

function wrongPassphrase(path: string) {
  return refuse('invalid', 'key-passphrase-wrong', `${path}: the passphrase does not open it`);
}

function parseKey(bytes: Buffer, path: string, passphrase: Secret | null): Result<LoginAttempt> {
  const parsed: ParsedKey | Error = utils.parseKey(bytes, passphrase?.bytes);
  if (parsed instanceof Error) {
    const words = parsed.message;
    if (/no passphrase given/i.test(words)) {
      return refuse('invalid', 'key-passphrase-needed', `${path} is encrypted`);
    }
    if (/bad passphrase|integrity check failed|bad decrypt/i.test(words)) {
      return wrongPassphrase(path);
    }
    return refuse('invalid', 'key-file-not-a-key', `${path}: ${quote(words)}`);
  }
  // Keys may hold several entries in old formats; ssh2 then gives a list.
  const key = Array.isArray(parsed) ? (parsed[0] as ParsedKey | undefined) : parsed;
  if (key === undefined) return refuse('invalid', 'key-file-not-a-key', path);
  if (!key.isPrivateKey()) return refuse('invalid', 'key-file-public', `${path} is the public half`);
  return ok({ kind: 'key', key, words: `${key.type} key ${path}` });
}

/** Never follows into a device or a pipe, never reads more than a key can be. */
async function readSmallFile(path: string): Promise<Result<Buffer>> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return refuse('invalid', 'key-file-not-a-key', `${path} is not a file`);
      if (stats.size > maxKeyFileBytes)
        return refuse('invalid', 'key-file-not-a-key', `${path} is too large`);
      return ok(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return refuse('not-found', 'key-file-missing', path);
    return refuse('invalid', 'key-file-unreadable', `${path}: ${code}`);
  }
}

async function askAgent(socket: string | null): Promise<Result<LoginAttempt>> {
  if (socket === null || socket === '')
    return refuse('not-found', 'ssh-agent-absent', 'SSH_AUTH_SOCK is not set');
  const agent = new FewKeysAgent(socket);
  return new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error)
        return resolve(refuse('unreachable', 'ssh-agent-absent', `${socket}: ${quote(error.message)}`));
      const count = keys?.length ?? 0;
      if (count === 0) return resolve(refuse('not-found', 'ssh-agent-empty', socket));
      resolve(ok({ kind: 'agent', agent, words: `${count} key${count === 1 ? '' : 's'} of the ssh-agent` }));
    });
  });
}

/** An ssh-agent of which only the first few keys are tried. */
export class FewKeysAgent extends BaseAgent<ParsedKey> {
  private readonly inner: InstanceType<typeof OpenSSHAgent>;

  constructor(socketPath: string) {
    super();
    this.inner = new OpenSSHAgent(socketPath);
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    this.inner.getIdentities((error, keys) => {
      if (error) done(error);
      else done(null, (keys ?? []).slice(0, maxAgentKeys));
    });
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    if (typeof options === 'function') this.inner.sign(key, data, options);
    else this.inner.sign(key, data, options, done);
  }
}
