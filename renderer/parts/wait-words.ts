// Why something waits, in words: one line for all machines, one for each, a short one for many. Pure.
import type { Tables } from '../../electron/contract/tables.ts';
import type { MachineStop, Shortage, StopCode, StopGroup, Why } from '../../electron/contract/waiting.ts';
import { cpus, mib } from '../app/messages/amounts.ts';
import type { Words } from '../app/messages/words.ts';
import type { GlyphKind } from '../kit/glyph.tsx';

/** `now`: it starts. `later`: when something ends or comes back. `never`: not on the machines that are there. */
export type WaitTone = 'now' | 'later' | 'never';

const tones: Readonly<Record<StopCode, WaitTone>> = {
  fits: 'now',
  connecting: 'later',
  silent: 'later',
  unreachable: 'later',
  removing: 'never',
  deactivated: 'later',
  draining: 'later',
  'other-machine': 'never',
  condition: 'never',
  'too-small': 'never',
  unable: 'never',
  'gpu-machine': 'never',
  busy: 'later',
  reserved: 'later',
  'quota-limit': 'later',
  'quota-headroom': 'later',
  'ports-busy': 'later',
  'refused-before': 'later',
  other: 'later',
};

const glyphs: Readonly<Record<WaitTone, GlyphKind>> = { now: 'healthy', later: 'waiting', never: 'stopped' };

/** What the machine itself is comes before what it could do. */
export function glyphOfStop(code: StopCode): GlyphKind {
  if (code === 'unreachable' || code === 'silent' || code === 'connecting') return 'unknown';
  if (code === 'draining' || code === 'deactivated' || code === 'removing') return 'stopped';
  return glyphs[tones[code]];
}

export function toneOf(why: Why): WaitTone {
  const found = new Set(why.groups.map(({ code }) => tones[code]));
  if (found.has('now')) return 'now';
  return found.has('later') || why.machineCount === 0 ? 'later' : 'never';
}

function amount(name: Shortage['resource'], n: number): string {
  if (name === 'cpusMilli') return cpus(n);
  return name === 'gpus' ? String(n) : mib(n);
}

/** With its unit: `8 GiB of memory`. */
export function amountWords(name: Shortage['resource'], n: number, words: Words): string {
  return words.t(`wait.amount.${name}`, { n: name === 'gpus' ? n : amount(name, n) });
}

function figures({ resource, wanted, free, total }: Shortage, words: Words) {
  return {
    wanted: amountWords(resource, wanted, words),
    free: amount(resource, free),
    total: amount(resource, total),
  };
}

/** On one machine. */
export function stopWords({ code, shortage, refusal }: MachineStop, words: Words): string {
  if (refusal) return words.refusal(refusal);
  if (shortage && (code === 'busy' || code === 'too-small')) {
    if (shortage.resource === 'gpus' && shortage.total === 0) return words.t('wait.on.no-gpu');
    return words.t(`wait.on.${code}`, figures(shortage, words));
  }
  return words.t(`wait.on.${code}`, { wanted: '', free: '', total: '' });
}

/** Of many machines. */
export function groupWords({ code, resource, refusal }: StopGroup, words: Words): string {
  if (refusal) return words.refusal(refusal).replace(/[.。]$/, '');
  const key = resource === null ? code : `${code}.${resource}`;
  return words.maybe(`wait.all.${key}`) ?? words.maybe(`wait.all.${code}`) ?? words.t(`wait.on.${code}`);
}

const nameOf = (tables: Pick<Tables, 'machines'>, { machineId }: MachineStop): string =>
  tables.machines.get(machineId)?.name ?? machineId;

/** The one thing to know, then how many machines are stopped by what else. */
export function whyWords(why: Why, tables: Pick<Tables, 'machines'>, words: Words): string {
  const [first, ...others] = why.groups;
  if (!first) return words.t('wait.none');
  if (first.code === 'fits') return words.t('wait.soon');
  if (why.machineCount === 1) {
    const where = nameOf(tables, first.best);
    return words.t('wait.of', { where, what: stopWords(first.best, words) });
  }
  const lead = leadWords(why, tables, words);
  const rest = (lead.covers ? others : why.groups).map((group) =>
    words.t('wait.of', { where: words.t('wait.n', { n: group.count }), what: groupWords(group, words) }),
  );
  return [lead.text, ...rest].join(' · ');
}

type Lead = { readonly text: string; readonly covers: boolean };

function leadWords(why: Why, tables: Pick<Tables, 'machines'>, words: Words): Lead {
  const [first] = why.groups;
  const shortage = first?.best.shortage;
  if (first?.code === 'busy' && shortage) {
    const machine = nameOf(tables, first.best);
    return {
      text: words.t('wait.lead.busy', { ...figures(shortage, words), machine }),
      covers: first.count === 1,
    };
  }
  if (first && toneOf(why) === 'later') {
    const n = why.groups.reduce((sum, { code, count }) => sum + (tones[code] === 'later' ? count : 0), 0);
    if (n > 1) return { text: words.t('wait.lead.away', { n }), covers: false };
    return { text: `${nameOf(tables, first.best)} ${stopWords(first.best, words)}`, covers: true };
  }
  if (first?.code === 'too-small' && shortage && why.groups.length === 1) {
    if (shortage.resource === 'gpus' && shortage.total === 0)
      return { text: words.t('wait.lead.no-gpu'), covers: true };
    return { text: words.t('wait.lead.too-small', figures(shortage, words)), covers: true };
  }
  return { text: words.t('wait.never'), covers: false };
}
