/** What a test says about a host, and the defaults for what it does not say. */

export const SHELLS = {
  bash: '/bin/bash',
  sh: '/bin/sh',
  fish: '/usr/bin/fish',
  tcsh: '/usr/bin/tcsh',
  nologin: '/usr/sbin/nologin',
} as const;

export type Shell = keyof typeof SHELLS;

/**
 * - `unwritable`: belongs to somebody else, mode 0555 (root can still write: use `read-only` for root)
 * - `read-only`: mounted read-only
 * - `noexec`: mounted noexec
 * - `spaceKib`: a tmpfs of that size; it starts anew at each power-on
 */
export type Home = 'plain' | 'unwritable' | 'read-only' | 'noexec' | { readonly spaceKib: number };

export type UserSpec = {
  readonly name: string;
  /** Without one, the account has no password and only keys get in. */
  readonly password?: string;
  /** Whether the desk's key is in authorized_keys (with `false` there is no ~/.ssh at all). Default true. */
  readonly deskKey?: boolean;
  /** More authorized_keys lines, for instance keys the user had before. */
  readonly authorizedKeys?: readonly string[];
  readonly shell?: Shell;
  readonly sudo?: 'none' | 'password' | 'nopasswd';
  /** Put before the ordinary ~/.bashrc, so that it also runs for commands. */
  readonly bashrc?: string;
  readonly home?: Home;
};

export type SshdSpec = {
  readonly port?: number;
  readonly rootLogin?: 'yes' | 'no' | 'prohibit-password';
  readonly passwordLogin?: boolean;
  readonly maxSessions?: number;
  readonly tcpForwarding?: boolean;
  /** More lines of sshd_config, as they are. They come first, since sshd takes the first value it sees. */
  readonly extra?: readonly string[];
};

export type HostSpec = {
  readonly name: string;
  /** Root and `lab` with the desk's key, `lab` also with the password `lab` and sudo, when left out. */
  readonly users?: readonly UserSpec[];
  /** `false`: no sshd, so that `lan.serve` can have the port. */
  readonly sshd?: SshdSpec | false;
  /** Whether the package sudo is there. Default true. */
  readonly hasSudo?: boolean;
  /** What `uname -m` says, for a CPU we have no agent for. */
  readonly cpu?: string;
  /** An own, writable cgroup tree. Default true. */
  readonly hasCgroups?: boolean;
};

const DEFAULT_USERS: readonly UserSpec[] = [
  { name: 'root' },
  { name: 'lab', password: 'lab', sudo: 'nopasswd' },
];

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const RESERVED = new Set(['lan', 'desk', 'localhost']);

/** Throws on a spec that cannot be built: a test bed's mistakes should be loud. */
export function checkSpec(spec: HostSpec): void {
  if (!NAME.test(spec.name) || RESERVED.has(spec.name)) throw new Error(`bad host name: ${spec.name}`);
  const seen = new Set<string>();
  for (const user of usersOf(spec)) {
    if (!NAME.test(user.name) || seen.has(user.name)) throw new Error(`bad user name: ${user.name}`);
    seen.add(user.name);
  }
}

/** Root exists on every machine; when a spec does not list it, nobody can log in as root. */
export function usersOf(spec: HostSpec): readonly UserSpec[] {
  const users = spec.users ?? DEFAULT_USERS;
  return users.some((user) => user.name === 'root') ? users : [{ name: 'root', deskKey: false }, ...users];
}

export function homeOf(user: string): string {
  return user === 'root' ? '/root' : `/home/${user}`;
}

/** host1 .. hostN with the default users. */
export function plainHosts(count: number): HostSpec[] {
  return Array.from({ length: count }, (_, index) => ({ name: `host${index + 1}` }));
}
