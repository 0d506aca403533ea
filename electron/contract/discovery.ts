// Machines that were found on the network or in the files of ssh. All text in here was said by strangers: it is cleaned and
// bounded before it gets here (plain-text.ts), and still only a claim. Nothing is trusted or stored because of it.
import { z } from 'zod';
import type { Refusal } from './errors.ts';

/** Where a search looks. All but `probe` listen, or read what this computer knows; only a person starts a probe. */
export const findSources = ['mdns', 'neighbours', 'names', 'ssh-config', 'known-hosts', 'probe'] as const;
export type FindSource = (typeof findSources)[number];

/** What a probe takes at most, whatever is asked. */
export const probeLimits = { addresses: 1024, ports: 8 } as const;

export const probeSchema = z.object({
  searchId: z.number().int(),
  /** `192.168.1.0/24`: within a private network that this computer is attached to. */
  network: z.string().max(43),
  ports: z.array(z.number().int().min(1).max(65535)).min(1).max(probeLimits.ports),
});
export type ProbeRequest = z.infer<typeof probeSchema>;

/** A network that can be probed: private, attached to this computer, small enough or a part that is. */
export type AttachedNetwork = {
  /** As a probe takes it. */
  readonly network: string;
  readonly iface: string;
  /** Addresses to ask, this computer's own left out. */
  readonly addresses: number;
  /** The network it is a part of, when that is too large to be asked as a whole. */
  readonly partOf: string | null;
  /** Made by a container engine, a hypervisor or a VPN, by its name. */
  readonly isVirtual: boolean;
};

export type SourceState = {
  readonly source: FindSource;
  readonly state: 'idle' | 'working' | 'done' | 'stopped' | 'failed';
  /** What it has seen. */
  readonly found: number;
  readonly problem: Refusal | null;
  readonly progress: { readonly done: number; readonly total: number } | null;
};

export type FoundPort = {
  readonly port: number;
  /** `said`: its machine says by mDNS, or the files of ssh say, that SSH answers there. */
  readonly state: 'open' | 'closed' | 'said';
  /** What the port greeted with. */
  readonly banner: string | null;
};

/** A host key that known_hosts has for one of its names. */
export type KnownHostKey = {
  readonly type: string;
  readonly fingerprint: string;
  readonly port: number;
  readonly mark: 'key' | 'authority' | 'revoked';
};

/** What known_hosts says of a host key that a machine offers. */
export type KnownHostAnswer = {
  /** The keys it has under the name and port of that machine. */
  readonly here: readonly KnownHostKey[];
  /** It says so of this very key, wherever it stands. */
  readonly isRevoked: boolean;
  /** Other names under which it has this very key; those under a hash are only counted. */
  readonly alsoAs: readonly string[];
  readonly alsoHashed: number;
};

/** How ssh would log in, as `~/.ssh/config` says. */
export type LoginHint = {
  /** The name it has there. */
  readonly alias: string;
  readonly address: string;
  readonly port: number;
  readonly user: string | null;
  readonly identityFiles: readonly string[];
  /** Machines in between, nearest first. */
  readonly jumps: readonly string[];
};

export const guessKinds = [
  'raspberry-pi',
  'board',
  'nas',
  'virtual-machine',
  'hypervisor',
  'gpu-machine',
  'server',
  'mac',
  'windows',
  'linux',
  'network-device',
  'printer',
  'phone',
] as const;
export type GuessKind = (typeof guessKinds)[number];

/** What a guess rests on. `text`: the words of the machine that made us think so. */
export type Clue = {
  readonly kind: 'vendor' | 'banner' | 'model' | 'name' | 'service';
  readonly text: string;
};

export type Guess = {
  readonly kind: GuessKind;
  /** Never more: whatever it rests on was only said. */
  readonly sureness: 'very-likely' | 'likely' | 'perhaps';
  readonly because: readonly Clue[];
};

/** One machine as a search sees it. Lists are bounded by `cardLimits` of core/discovery. */
export type FoundMachine = {
  readonly id: string;
  /** Its best name, else its address. */
  readonly title: string;
  readonly names: readonly string[];
  /** The best to connect to comes first. */
  readonly addresses: readonly string[];
  readonly macs: readonly string[];
  readonly vendor: string | null;
  readonly model: string | null;
  readonly ports: readonly FoundPort[];
  readonly hostKeys: readonly KnownHostKey[];
  readonly logins: readonly LoginHint[];
  readonly seenBy: readonly FindSource[];
  readonly seenAtMs: number;
  readonly guess: Guess | null;
  /** Others with the same host key: copies of one disk, or one machine with two network cards. */
  readonly sharesKeyWith: readonly string[];
};

/** A search as the window sees it; what has not changed is left out. */
export type FindChange = {
  readonly searchId: number;
  readonly machines: readonly FoundMachine[];
  readonly gone: readonly string[];
  readonly sources: readonly SourceState[];
  /** More was seen than a search keeps. */
  readonly isFull: boolean;
};
