import { describe, expect, it } from 'vitest';
import type { Clue } from '../../../../electron/contract/discovery.ts';
import { guessOf } from '../../../../electron/core/discovery/guess.ts';
import { isLocalMac, macOf, makerOfLocal } from '../../../../electron/core/discovery/mac.ts';

const clue = (kind: Clue['kind'], text: string): Clue => ({ kind, text });

describe('what a machine probably is', () => {
  it.each([
    ['raspberry-pi', 'likely', [clue('vendor', 'Raspberry Pi Foundation')]],
    [
      'raspberry-pi',
      'very-likely',
      [
        clue('vendor', 'Raspberry Pi Trading Ltd'),
        clue('banner', 'SSH-2.0-OpenSSH_9.2p1 Raspbian-2+deb12u2'),
      ],
    ],
    ['nas', 'very-likely', [clue('vendor', 'Synology Incorporated'), clue('name', 'diskstation.local')]],
    ['nas', 'likely', [clue('name', 'nas.local'), clue('banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2')]],
    ['virtual-machine', 'likely', [clue('vendor', 'QEMU')]],
    ['mac', 'likely', [clue('vendor', 'Apple, Inc.'), clue('model', 'MacBookPro18,1')]],
    ['network-device', 'likely', [clue('banner', 'SSH-2.0-ROSSSH')]],
    ['windows', 'likely', [clue('banner', 'SSH-2.0-OpenSSH_for_Windows_9.5')]],
    ['linux', 'perhaps', [clue('banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3')]],
    ['gpu-machine', 'perhaps', [clue('name', 'gpu-2.local')]],
    // A Mac's model on a machine of Synology: the sign is only there for the sake of its icon.
    ['nas', 'very-likely', [clue('vendor', 'Synology Incorporated'), clue('model', 'Xserve')]],
  ] as const)('is %s, %s', (kind, sureness, clues) => {
    const guess = guessOf(clues);
    expect(guess?.kind).toBe(kind);
    expect(guess?.sureness).toBe(sureness);
    expect(guess?.because.length).toBeGreaterThan(0);
  });

  it('is only perhaps anything when two clues disagree', () => {
    const clues = [clue('vendor', 'Raspberry Pi Foundation'), clue('name', 'nas.local')];
    expect(guessOf(clues)).toMatchObject({ kind: 'raspberry-pi', sureness: 'perhaps' });
  });

  it('is not said when nothing speaks for anything', () => {
    expect(guessOf([clue('name', 'alpha.lab'), clue('vendor', 'Acme')])).toBeNull();
  });
});

describe('a hardware address', () => {
  it.each([
    ['B8-27-EB-01-02-03', 'b8:27:eb:01:02:03'],
    ['0:1c:b3:9:85:15', '00:1c:b3:09:85:15'],
    ['00:00:00:00:00:00', null],
    ['ff:ff:ff:ff:ff:ff', null],
    ['01:00:5e:00:00:fb', null],
    ['(incomplete)', null],
    ['b8:27:eb:01:02', null],
    ['b8:27:eb:01:02:033', null],
  ])('%s is %s', (text, mac) => {
    expect(macOf(text)).toBe(mac);
  });

  it('tells whether a maker gave it', () => {
    expect(isLocalMac('52:54:00:12:34:56')).toBe(true);
    expect(isLocalMac('b8:27:eb:00:00:01')).toBe(false);
    expect(makerOfLocal('52:54:00:12:34:56')).toBe('QEMU');
    expect(makerOfLocal('06:00:00:00:00:01')).toBeNull();
  });
});
