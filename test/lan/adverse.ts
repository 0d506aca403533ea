/** Hosts that make life hard, for the tests of refusals and for hands-on work (`npm run lan -- up 2 adverse`). */
import type { HostSpec } from './spec.ts';

export const ADVERSE_HOSTS: readonly HostSpec[] = [
  {
    name: 'users',
    users: [
      { name: 'root', password: 'top' },
      { name: 'ann', password: 'ann', deskKey: false },
      { name: 'fay', shell: 'fish' },
      { name: 'tom', shell: 'tcsh' },
      { name: 'dash', shell: 'sh' },
      { name: 'nell', shell: 'nologin' },
      { name: 'bob', bashrc: 'echo "welcome to $(hostname)"; echo "and mind the step" >&2' },
      { name: 'kay', authorizedKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINotOurs kay@elsewhere'] },
      { name: 'sue', password: 'sue', sudo: 'password' },
      { name: 'sid', sudo: 'nopasswd' },
    ],
  },
  {
    name: 'strict',
    users: [
      { name: 'root', password: 'top' },
      { name: 'lab', password: 'lab' },
    ],
    hasSudo: false,
    hasCgroups: false,
    cpu: 'mips64',
    sshd: {
      port: 2222,
      rootLogin: 'no',
      passwordLogin: false,
      maxSessions: 2,
      tcpForwarding: false,
      extra: ['Banner /etc/hostname'],
    },
  },
  {
    name: 'homes',
    users: [
      { name: 'root', password: 'top', home: 'read-only' },
      { name: 'una', home: 'unwritable' },
      { name: 'rob', home: 'read-only' },
      { name: 'ned', home: 'noexec' },
      { name: 'tim', home: { spaceKib: 256 } },
    ],
    sshd: { rootLogin: 'yes' },
  },
  { name: 'odd', sshd: false },
];
