// What a machine probably is, from what it says of itself and from its hardware address. A rule is a pattern on one kind
// of clue; two kinds of clue that agree make a guess more likely, clues that disagree make it less.
import type { Clue, Guess, GuessKind } from '../../contract/discovery.ts';

type Rule = {
  readonly clue: Clue['kind'];
  readonly pattern: RegExp;
  readonly kind: GuessKind;
  /** 3: hardly anything else says so. 2: usually so. 1: a hint. */
  readonly weight: 1 | 2 | 3;
};

const rule = (clue: Rule['clue'], pattern: RegExp, kind: GuessKind, weight: Rule['weight']): Rule => ({
  clue,
  pattern,
  kind,
  weight,
});

/**
 * Vendors as the IEEE registers them; banners as the packages of Debian, Ubuntu and others compile them in; models as
 * Bonjour's `_device-info._tcp` gives them (`model=`), which netatalk and Samba set to a Mac's for the sake of its icon.
 */
const rules: readonly Rule[] = [
  rule('vendor', /^raspberry pi/i, 'raspberry-pi', 3),
  rule('banner', /raspbian/i, 'raspberry-pi', 3),
  rule('name', /^(raspberrypi|rpi\d*|pi\d+)([.-]|$)/i, 'raspberry-pi', 1),
  rule('vendor', /^(hardkernel|friendlyelec|pine64|xunlong|beagleboard|radxa)/i, 'board', 2),
  rule('name', /^(orangepi|odroid|rockpro|rock-\d|pine64|beaglebone|nanopi)/i, 'board', 1),
  rule('vendor', /^(synology|qnap|asustor|terramaster|drobo|buffalo)/i, 'nas', 3),
  rule('model', /^(xserve|rackmac|timecapsule|synology|diskstation)/i, 'nas', 1),
  rule('name', /(^|[.-])(nas\d*|diskstation|truenas|freenas|omv|unraid)([.-]|$)/i, 'nas', 2),
  rule(
    'vendor',
    /^(vmware|pcs systemtechnik|xensource|proxmox server|qemu|parallels)/i,
    'virtual-machine',
    3,
  ),
  rule('name', /^(proxmox|pve\d*|esxi\d*|xcp-ng)([.-]|$)/i, 'hypervisor', 2),
  rule('vendor', /^nvidia/i, 'gpu-machine', 2),
  rule('name', /(^|[.-])(gpu|cuda|jetson|dgx|train(er|ing)?)\d*([.-]|$)/i, 'gpu-machine', 1),
  rule('vendor', /^(super ?micro|hewlett packard enterprise|fujitsu|inspur|quanta|ieit)/i, 'server', 2),
  rule('vendor', /^(dell|lenovo|hewlett packard|intel)/i, 'server', 1),
  rule('model', /^(macbook|macmini|mac\d|imac|macpro)/i, 'mac', 2),
  rule('vendor', /^apple/i, 'mac', 1),
  rule('service', /^_(iphone|apple-mobdev2)/i, 'phone', 2),
  rule('banner', /openssh_for_windows/i, 'windows', 3),
  rule('banner', /^ssh-[\d.]+-(rosssh|cisco|huawei|zyxel|comware|mikrotik)/i, 'network-device', 3),
  rule(
    'vendor',
    /^(ubiquiti|mikrotik|routerboard|cisco|tp-link|netgear|avm|zyxel|d-link|aruba)/i,
    'network-device',
    2,
  ),
  rule('banner', /dropbear/i, 'network-device', 1),
  rule('name', /(^|[.-])(router|gateway|openwrt|fritz|switch\d*|ap\d+)([.-]|$)/i, 'network-device', 1),
  rule('vendor', /^(brother|canon|seiko epson|lexmark|kyocera|xerox)/i, 'printer', 2),
  rule('banner', /(debian|ubuntu|freebsd|fedora|alpine)/i, 'linux', 1),
  rule('service', /^_workstation/i, 'linux', 1),
];

/** Says only what runs there, which any of the others may run too. */
const general: ReadonlySet<GuessKind> = new Set(['linux']);
const maxClues = 4;

type Vote = { weight: number; readonly kinds: Set<Clue['kind']>; readonly because: Clue[] };

export function guessOf(clues: readonly Clue[]): Guess | null {
  const votes = new Map<GuessKind, Vote>();
  for (const { clue, pattern, kind, weight } of rules) {
    const found = clues.find((each) => each.kind === clue && pattern.test(each.text));
    if (found === undefined) continue;
    const vote = votes.get(kind) ?? { weight: 0, kinds: new Set(), because: [] };
    votes.set(kind, vote);
    vote.weight = vote.kinds.has(clue) ? Math.max(vote.weight, weight) : vote.weight + weight;
    vote.kinds.add(clue);
    vote.because.push(found);
  }
  const special = [...votes].filter(([kind]) => !general.has(kind));
  const [best, next] = (special.length > 0 ? special : [...votes]).sort((a, b) => b[1].weight - a[1].weight);
  if (best === undefined) return null;
  const [kind, vote] = best;
  const isContested = next !== undefined && next[1].weight * 2 > vote.weight;
  const sureness = isContested || vote.weight < 2 ? 'perhaps' : vote.weight >= 4 ? 'very-likely' : 'likely';
  return { kind, sureness, because: vote.because.slice(0, maxClues) };
}
