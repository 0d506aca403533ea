// What the palette offers: pages and verbs always, machines and tasks with their verbs when they are asked for.
import {
  Boxes,
  FileKey,
  Info,
  Keyboard,
  Languages,
  LayoutList,
  ListChecks,
  Monitor,
  Play,
  Plus,
  Radar,
  RotateCw,
  Scale,
  ScrollText,
  Server,
  Settings,
  Square,
  SquareSplitHorizontal,
  SunMoon,
  Trash2,
  Workflow,
} from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tables } from '../../electron/contract/tables.ts';
import { Glyph } from '../kit/glyph.tsx';
import { placeOf } from '../parts/place.ts';
import { serviceVerbs } from '../parts/service-verbs.tsx';
import { agentOf, demoMachines, glyphOfTask, isActive, machineList } from '../store/selectors.ts';
import { tableStore } from '../store/tables.ts';
import { go, inspect, openDialog, viewStore } from '../store/view.ts';
import { askKill, changeSettings, openTask, reconnect, startDemo } from './acts.ts';
import type { Words } from './messages/words.ts';

export type PaletteEntry = {
  readonly key: string;
  readonly group: 'verbs' | 'pages' | 'machines' | 'tasks';
  readonly text: string;
  readonly hint: string;
  readonly icon: ReactNode;
  /** Only offered when something was typed. */
  readonly isDeep: boolean;
  readonly act: () => void;
};

type Draft = Omit<PaletteEntry, 'isDeep' | 'hint'> & { readonly isDeep?: boolean; readonly hint?: string };
const entry = (draft: Draft): PaletteEntry => ({ isDeep: false, hint: '', ...draft });

function demoVerb(words: Words): PaletteEntry {
  const hasDemo = demoMachines(tableStore.getState().tables).length > 0;
  const text = words.t(hasDemo ? 'verb.remove-demo' : 'verb.start-demo');
  const act = hasDemo ? () => openDialog({ kind: 'remove-demo' }) : startDemo;
  return entry({ key: 'demo', group: 'verbs', text, icon: <Boxes />, act });
}

/** Theme and language. */
function looks(words: Words): readonly PaletteEntry[] {
  const group = 'verbs';
  return [
    ...(['system', 'dark', 'light'] as const).map((theme) =>
      entry({
        key: `theme-${theme}`,
        group,
        text: words.t('palette.theme', { theme: words.t(`settings.theme.${theme}`) }),
        icon: <SunMoon />,
        isDeep: true,
        act: () => changeSettings({ theme }),
      }),
    ),
    entry({
      key: 'lang-en',
      group,
      text: 'English',
      icon: <Languages />,
      isDeep: true,
      act: () => changeSettings({ language: 'en' }),
    }),
    entry({
      key: 'lang-zh',
      group,
      text: '简体中文',
      icon: <Languages />,
      isDeep: true,
      act: () => changeSettings({ language: 'zh-CN' }),
    }),
  ];
}

function verbs(words: Words): readonly PaletteEntry[] {
  const group = 'verbs';
  return [
    entry({
      key: 'run',
      group,
      text: words.t('verb.run-task'),
      hint: 'R',
      icon: <Play />,
      act: () => openDialog({ kind: 'run-task', machineId: null }),
    }),
    entry({
      key: 'add',
      group,
      text: words.t('verb.add-machine'),
      hint: 'A',
      icon: <Plus />,
      act: () => openDialog({ kind: 'add-machine' }),
    }),
    entry({
      key: 'find',
      group,
      text: words.t('verb.find-machines'),
      icon: <Radar />,
      act: () => go({ page: 'find' }),
    }),
    entry({
      key: 'adding',
      group,
      text: words.t('adding.title'),
      icon: <ListChecks />,
      isDeep: true,
      act: () => go({ page: 'adding' }),
    }),
    entry({
      key: 'import-ssh',
      group,
      text: words.t('verb.import-ssh'),
      icon: <FileKey />,
      isDeep: true,
      act: () => go({ page: 'find', view: 'config' }),
    }),
    entry({
      key: 'new-role',
      group,
      text: words.t('roles.new'),
      icon: <Scale />,
      isDeep: true,
      act: () => openDialog({ kind: 'change-role', role: null }),
    }),
    demoVerb(words),
    ...looks(words),
    entry({
      key: 'keys',
      group,
      text: words.t('help.title'),
      hint: '?',
      icon: <Keyboard />,
      act: () => viewStore.setState({ isHelpOpen: true }),
    }),
    entry({
      key: 'about',
      group,
      text: words.t('nav.about'),
      icon: <Info />,
      isDeep: true,
      act: () => openDialog({ kind: 'about' }),
    }),
  ];
}

/** The second key after G. Roles give way to the rack. */
const pageKeys = {
  rack: 'R',
  tasks: 'T',
  machines: 'M',
  roles: 'O',
  frameworks: 'F',
  settings: 'S',
} as const;
type PageKey = keyof typeof pageKeys;

function pages(words: Words): readonly PaletteEntry[] {
  const group = 'pages';
  const page = (key: PageKey, icon: ReactNode, act: () => void) => {
    const text = words.t('palette.go', { page: words.t(`nav.${key}`) });
    return entry({ key, group, text, hint: `G ${pageKeys[key]}`, icon, act });
  };
  return [
    page('rack', <Server />, () => go({ page: 'rack' })),
    page('tasks', <ListChecks />, () => go({ page: 'tasks', filter: '', state: 'all' })),
    page('machines', <LayoutList />, () => go({ page: 'machines' })),
    page('roles', <Scale />, () => go({ page: 'roles' })),
    page('frameworks', <Workflow />, () => go({ page: 'frameworks' })),
    page('settings', <Settings />, () => go({ page: 'settings' })),
  ];
}

function ofMachines(words: Words, machines: Tables['machines']): readonly PaletteEntry[] {
  const group = 'machines';
  return machineList(machines).flatMap((machine) => {
    const { id, name } = machine;
    const hint = placeOf(machine, words);
    const deep = { group, isDeep: true } as const;
    const found: PaletteEntry[] = [
      entry({
        key: `m-${id}`,
        group,
        text: name,
        hint,
        icon: <Monitor />,
        act: () => {
          go({ page: 'rack' });
          inspect({ kind: 'machine', id });
        },
      }),
      entry({
        ...deep,
        key: `run-${id}`,
        text: words.t('palette.run-on', { name }),
        icon: <Play />,
        act: () => openDialog({ kind: 'run-task', machineId: id }),
      }),
      entry({
        ...deep,
        key: `re-${id}`,
        text: words.t('palette.reconnect', { name }),
        icon: <RotateCw />,
        act: () => reconnect(machine),
      }),
    ];
    found.push(
      entry({
        ...deep,
        key: `part-${id}`,
        text: words.t('palette.partition', { name }),
        icon: <SquareSplitHorizontal />,
        act: () => openDialog({ kind: 'partition-machine', machineId: id }),
      }),
    );
    for (const { key, icon, act } of serviceVerbs(machine, agentOf(tableStore.getState().tables, machine))) {
      found.push(
        entry({ ...deep, key: `${key}-${id}`, text: words.t(`palette.${key}`, { name }), icon, act }),
      );
    }
    if (machine.via.kind === 'ssh') {
      found.push(
        entry({
          ...deep,
          key: `rm-${id}`,
          text: words.t('palette.remove', { name }),
          icon: <Trash2 />,
          act: () => openDialog({ kind: 'remove-machine', machineId: id }),
        }),
      );
    }
    return found;
  });
}

function ofTasks(words: Words, tasks: Tables['tasks']): readonly PaletteEntry[] {
  const group = 'tasks';
  const newest = [...tasks.values()].sort((a, b) => b.createdAtMs - a.createdAtMs);
  return newest.flatMap((task, index) => {
    const { id, state } = task;
    const { name } = task.info;
    const hint = tableStore.getState().tables.machines.get(task.machineId)?.name ?? '';
    const found = [
      entry({
        key: `t-${id}`,
        group,
        text: name,
        hint,
        isDeep: index >= 6,
        icon: <Glyph kind={glyphOfTask(tableStore.getState().tables, task)} />,
        act: () => openTask(id),
      }),
      entry({
        key: `l-${id}`,
        group,
        text: words.t('palette.logs', { name }),
        hint,
        isDeep: true,
        icon: <ScrollText />,
        act: () => openTask(id),
      }),
    ];
    if (isActive(state)) {
      found.push(
        entry({
          key: `k-${id}`,
          group,
          text: words.t('palette.kill', { name }),
          hint,
          isDeep: true,
          icon: <Square />,
          act: () => askKill([id]),
        }),
      );
    }
    return found;
  });
}

export function entriesOf(
  words: Words,
  machines: Tables['machines'],
  tasks: Tables['tasks'],
): readonly PaletteEntry[] {
  return [...verbs(words), ...pages(words), ...ofMachines(words, machines), ...ofTasks(words, tasks)];
}

const shownMost = 40;

/** Every word typed must occur; what starts with the first word comes first, groups stay together. */
export function findEntries(all: readonly PaletteEntry[], query: string): readonly PaletteEntry[] {
  const wanted = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const first = wanted[0];
  if (first === undefined) return all.filter((each) => !each.isDeep).slice(0, shownMost);
  const scored = all.flatMap((each) => {
    const text = `${each.text} ${each.hint}`.toLowerCase();
    if (!wanted.every((word) => text.includes(word))) return [];
    return [{ each, score: text.startsWith(first) ? 0 : text.includes(` ${first}`) ? 1 : 2 }];
  });
  const best = new Map<string, number>();
  for (const { each, score } of scored) best.set(each.group, Math.min(best.get(each.group) ?? 9, score));
  const rank = (each: PaletteEntry) => best.get(each.group) ?? 9;
  return scored
    .sort(
      (a, b) => rank(a.each) - rank(b.each) || a.each.group.localeCompare(b.each.group) || a.score - b.score,
    )
    .slice(0, shownMost)
    .map(({ each }) => each);
}
