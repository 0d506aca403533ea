import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cards, maxSightings } from '../../../../electron/core/discovery/cards.ts';
import { cardLimits, type RawSighting, sighting } from '../../../../electron/core/discovery/sighting.ts';
import { someSightings } from './some-sightings.ts';

const pi = 'b8:27:eb:00:00:01';
const vendors = (mac: string) => (mac.startsWith('b8:27:eb') ? 'Raspberry Pi Foundation' : null);
const noCards = () => new Cards(vendors, (address) => address === '10.0.0.1');
const seen = (source: RawSighting['source'], key: string, part: Partial<RawSighting>) =>
  sighting({ source, key, atMs: 0, ...part });

describe('the cards of a search', () => {
  it('tell once what is new', () => {
    const cards = noCards();
    const neighbour = seen('neighbours', 'a', { address: '10.0.0.5', mac: pi });
    expect(cards.add(neighbour)).toBe(true);
    expect(cards.takeChange().machines).toHaveLength(1);
    expect(cards.add({ ...neighbour, atMs: 9 })).toBe(false);
    expect(cards.takeChange()).toEqual({ machines: [], gone: [] });
  });

  it('keep their id when more is learned', () => {
    const cards = noCards();
    cards.add(seen('mdns', 'pi', { address: '10.0.0.5', names: ['pi.local'] }));
    const [first] = cards.takeChange().machines;
    cards.add(seen('neighbours', 'a', { address: '10.0.0.5', mac: pi }));
    const { machines, gone } = cards.takeChange();
    expect(gone).toEqual([]);
    expect(machines.map(({ id, vendor }) => ({ id, vendor }))).toEqual([
      { id: first?.id, vendor: 'Raspberry Pi Foundation' },
    ]);
  });

  it('become one when two turn out to be one, and two when they turn out to be two', () => {
    const cards = noCards();
    cards.add(seen('neighbours', 'a', { address: '10.0.0.5', mac: pi }));
    cards.add(seen('known-hosts', '1', { names: ['attic'] }));
    expect(cards.takeChange().machines).toHaveLength(2);
    const link = seen('mdns', 'attic', { address: '10.0.0.5', names: ['attic.local'] });
    cards.add(link);
    const joined = cards.takeChange();
    expect(joined.machines).toHaveLength(1);
    expect(joined.gone).toHaveLength(1);
    cards.remove(link);
    const apart = cards.takeChange();
    expect(apart.machines).toHaveLength(2);
    expect(apart.gone).toEqual([]);
  });

  it('leave this computer out', () => {
    const cards = noCards();
    cards.add(seen('mdns', 'me', { address: '10.0.0.1', names: ['me.local'] }));
    expect(cards.takeChange().machines).toEqual([]);
  });

  it('take no more than they may', () => {
    const cards = noCards();
    for (let at = 0; at < maxSightings; at += 1)
      cards.add(seen('mdns', String(at), { names: [`m${at}.local`] }));
    expect(cards.isFull).toBe(false);
    expect(cards.add(seen('mdns', 'one more', {}))).toBe(false);
    expect(cards.isFull).toBe(true);
    expect(cards.add(seen('mdns', '0', { label: 'changed' }))).toBe(true);
  });

  it('are the same, whatever the order and however often things are said', () => {
    const shapeOf = (all: readonly ReturnType<typeof sighting>[]) => {
      const cards = noCards();
      for (const each of all) cards.add(each);
      const plain = cards.takeChange().machines.map((card) => ({ ...card, id: '', sharesKeyWith: [] }));
      return plain.map((card) => JSON.stringify(card)).sort();
    };
    fc.assert(
      fc.property(
        someSightings.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
        ),
        ([all, twice]) => {
          expect(shapeOf(twice)).toEqual(shapeOf(all));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('show what changes in pieces as they would show it at once', () => {
    fc.assert(
      fc.property(someSightings, fc.array(fc.nat(3), { minLength: 14, maxLength: 14 }), (all, asks) => {
        const cards = noCards();
        const shown = new Map<string, string>();
        const take = () => {
          const { machines, gone } = cards.takeChange();
          for (const id of gone) shown.delete(id);
          for (const card of machines)
            shown.set(card.id, JSON.stringify({ ...card, id: '', sharesKeyWith: [] }));
        };
        for (const [at, each] of all.entries()) {
          cards.add(each);
          if (asks[at] === 0) take();
        }
        take();
        const atOnce = noCards();
        for (const each of all) atOnce.add(each);
        const expected = atOnce.takeChange().machines;
        expect([...shown.values()].sort()).toEqual(
          expected.map((card) => JSON.stringify({ ...card, id: '', sharesKeyWith: [] })).sort(),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('hold nothing unbounded or unseen, whatever strangers say', () => {
    const evil = fc.string({ unit: 'binary', maxLength: 3000 });
    const raw = fc.record({
      label: evil,
      model: evil,
      names: fc.array(evil, { maxLength: 40 }),
      services: fc.array(evil, { maxLength: 40 }),
      mac: evil,
      ports: fc.array(
        fc.record({
          port: fc.integer({ min: 1, max: 65535 }),
          state: fc.constant('open' as const),
          banner: evil,
        }),
        { maxLength: 40 },
      ),
    });
    fc.assert(
      fc.property(raw, (part) => {
        const cards = noCards();
        cards.add(seen('mdns', 'evil', { address: '10.0.0.5', ...part }));
        const [card] = cards.takeChange().machines;
        expect(JSON.stringify(card).length).toBeLessThan(16_000);
        const shown = [
          card?.title,
          card?.model,
          ...(card?.names ?? []),
          ...(card?.ports ?? []).map((p) => p.banner),
        ];
        for (const text of shown) expect(text ?? '').not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
        expect(card?.ports.length ?? 0).toBeLessThanOrEqual(cardLimits.ports);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a card', () => {
  const cardFor = (...all: ReturnType<typeof sighting>[]) => {
    const cards = noCards();
    for (const each of all) cards.add(each);
    const { machines } = cards.takeChange();
    expect(machines).toHaveLength(1);
    return machines[0];
  };

  it('has the name that the person gave first, and the best address', () => {
    const card = cardFor(
      seen('mdns', 'a', {
        address: '10.0.0.5',
        claims: ['fe80::5', 'fd00::5'],
        names: ['raspberrypi.local'],
        label: 'raspberrypi [b8:27:eb:00:00:01]',
      }),
      seen('ssh-config', 'attic', {
        names: ['raspberrypi.local'],
        login: {
          alias: 'attic',
          address: 'raspberrypi.local',
          port: 22,
          user: 'pi',
          identityFiles: [],
          jumps: [],
        },
      }),
    );
    expect(card).toMatchObject({ title: 'attic', addresses: ['10.0.0.5', 'fd00::5', 'fe80::5'] });
  });

  it('believes a probe before a promise', () => {
    const card = cardFor(
      seen('mdns', 'a', { address: '10.0.0.5', ports: [{ port: 22, state: 'said', banner: null }] }),
      seen('probe', 'a', { address: '10.0.0.5', ports: [{ port: 22, state: 'closed', banner: null }] }),
    );
    expect(card?.ports).toEqual([{ port: 22, state: 'closed', banner: null }]);
  });

  it('never loses a revoked key among many', () => {
    const keys = Array.from({ length: 40 }, (_, at) => ({
      type: 'ssh-ed25519',
      fingerprint: `SHA256:${at}`,
      port: 22,
      mark: at === 39 ? ('revoked' as const) : ('key' as const),
    }));
    const all = keys.map((key, at) => seen('known-hosts', String(at), { names: ['nas'], hostKeys: [key] }));
    expect(cardFor(...all)?.hostKeys[0]).toMatchObject({ mark: 'revoked', fingerprint: 'SHA256:39' });
  });
});
