// View state of the window: where we are, what is selected, what is open. Nothing here is sent anywhere.
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { FrameworkId, MachineId, TaskId } from '../../electron/contract/ids.ts';

export type Route =
  | { readonly page: 'rack' }
  | { readonly page: 'tasks'; readonly filter: string; readonly state: TaskFilter }
  | { readonly page: 'task'; readonly taskId: TaskId; readonly view?: TaskView }
  | { readonly page: 'machines' }
  | { readonly page: 'find'; readonly view?: FindView }
  | { readonly page: 'adding' }
  | { readonly page: 'frameworks' }
  | { readonly page: 'roles'; readonly view?: RolesView }
  | { readonly page: 'settings' };
export const taskViews = ['log', 'files', 'results'] as const;
export type TaskView = (typeof taskViews)[number];
/** On a network of this computer; in `~/.ssh/config`; in known_hosts only. */
export const findViews = ['here', 'config', 'known'] as const;
export type FindView = (typeof findViews)[number];
export const rolesViews = ['tree', 'machines'] as const;
export type RolesView = (typeof rolesViews)[number];
export const taskFilters = [
  'all',
  'waiting',
  'active',
  'restarting',
  'unhealthy',
  'failed',
  'finished',
  'unknown',
] as const;
export type TaskFilter = (typeof taskFilters)[number];

export type Subject =
  | { readonly kind: 'machine'; readonly id: MachineId }
  | { readonly kind: 'task'; readonly id: TaskId }
  | { readonly kind: 'framework'; readonly id: FrameworkId }
  | { readonly kind: 'role'; readonly id: string }
  /** A find of the search of this window. */
  | { readonly kind: 'found'; readonly id: string };

/** What is known of a machine before it is added. null = not known, so what this computer offers stands. */
export type AddPrefill = {
  readonly name: string;
  readonly address: string;
  readonly port: string;
  readonly user: string | null;
  readonly keyFile: string | null;
  /** The way there as one line, when it is not reached directly. */
  readonly through?: string;
};

export type DialogState =
  | { readonly kind: 'add-machine'; readonly found?: AddPrefill }
  /** Machines that were found, together: one login for those that share it. */
  | { readonly kind: 'add-machines'; readonly found: readonly AddPrefill[] }
  /** With other credentials, the same for all of these. */
  | { readonly kind: 'retry-machines'; readonly machineIds: readonly MachineId[] }
  | { readonly kind: 'remove-machine'; readonly machineId: MachineId }
  | { readonly kind: 'edit-machine'; readonly machineId: MachineId }
  | { readonly kind: 'take-over'; readonly machineId: MachineId }
  | { readonly kind: 'drain'; readonly machineId: MachineId }
  | { readonly kind: 'plan-maintenance'; readonly machineId: MachineId }
  | { readonly kind: 'run-task'; readonly machineId: MachineId | null; readonly sample?: string }
  | { readonly kind: 'kill-tasks'; readonly taskIds: readonly TaskId[] }
  | { readonly kind: 'forget-tasks'; readonly taskIds: readonly TaskId[] }
  | { readonly kind: 'remove-demo' }
  /** null: a new one, below `parent` when that is not empty. */
  | { readonly kind: 'change-role'; readonly role: string | null; readonly parent?: string }
  | { readonly kind: 'partition-machine'; readonly machineId: MachineId }
  | { readonly kind: 'teardown-framework'; readonly frameworkId: FrameworkId }
  | { readonly kind: 'quit'; readonly runningTasks: number }
  | { readonly kind: 'about' };

export type ViewState = {
  readonly route: Route;
  readonly subject: Subject | null;
  readonly isInspectorOpen: boolean;
  readonly inspectorPx: number;
  readonly isDockOpen: boolean;
  readonly dialog: DialogState | null;
  readonly isPaletteOpen: boolean;
  /** What the palette starts with: the name of a thing offers its verbs. */
  readonly paletteQuery: string;
  readonly isHelpOpen: boolean;
  /** Failures up to this time were put aside in the attention strip. */
  readonly failuresSeenAtMs: number;
};

export const inspectorMinPx = 280;
export const inspectorMaxPx = 560;

export const viewStore = createStore<ViewState>()(() => ({
  route: { page: 'rack' },
  subject: null,
  isInspectorOpen: false,
  inspectorPx: 360,
  isDockOpen: false,
  dialog: null,
  isPaletteOpen: false,
  paletteQuery: '',
  isHelpOpen: false,
  failuresSeenAtMs: 0,
}));

export function useView<T>(select: (view: ViewState) => T): T {
  return useStore(viewStore, select);
}

export function routeToHash(route: Route): string {
  switch (route.page) {
    case 'tasks': {
      const query = new URLSearchParams();
      if (route.filter !== '') query.set('find', route.filter);
      if (route.state !== 'all') query.set('state', route.state);
      const text = query.toString();
      return text === '' ? '#/tasks' : `#/tasks?${text}`;
    }
    case 'task':
      return `#/tasks/${route.taskId}${(route.view ?? 'log') === 'log' ? '' : `/${route.view}`}`;
    case 'find':
      return (route.view ?? 'here') === 'here' ? '#/find' : `#/find/${route.view}`;
    case 'roles':
      return (route.view ?? 'tree') === 'tree' ? '#/roles' : `#/roles/${route.view}`;
    default:
      return `#/${route.page}`;
  }
}

/** Those without a part of their own in the address. */
const plainPages = ['machines', 'adding', 'frameworks', 'settings'] as const;

export function hashToRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', id = '', part = ''] = path.split('/');
  if (page === 'tasks') return id === '' ? tasksRoute(query) : taskRoute(id, part);
  if (page === 'roles') {
    const view = rolesViews.find((each) => each === id && each !== 'tree');
    return { page, ...(view === undefined ? {} : { view }) };
  }
  if (page === 'find') {
    const view = findViews.find((each) => each === id && each !== 'here');
    return { page, ...(view === undefined ? {} : { view }) };
  }
  return { page: plainPages.find((each) => each === page) ?? 'rack' };
}

function tasksRoute(query: string): Route {
  const values = new URLSearchParams(query);
  const state = taskFilters.find((each) => each === values.get('state')) ?? 'all';
  return { page: 'tasks', filter: values.get('find') ?? '', state };
}

function taskRoute(id: string, part: string): Route {
  const view = taskViews.find((each) => each === part && each !== 'log');
  return { page: 'task', taskId: id as TaskId, ...(view === undefined ? {} : { view }) };
}

/** The address is in the hash, so that back and forward work. */
export function go(route: Route): void {
  const hash = routeToHash(route);
  if (window.location.hash === hash) return;
  window.location.hash = hash;
  viewStore.setState({ route });
}

/** Typing in a filter must not fill the history. */
export function replaceRoute(route: Route): void {
  window.history.replaceState(null, '', routeToHash(route));
  viewStore.setState({ route });
}

export function followHash(): () => void {
  const take = () => viewStore.setState({ route: hashToRoute(window.location.hash) });
  take();
  window.addEventListener('hashchange', take);
  return () => window.removeEventListener('hashchange', take);
}

export function inspect(subject: Subject | null): void {
  viewStore.setState(
    subject === null ? { subject, isInspectorOpen: false } : { subject, isInspectorOpen: true },
  );
}

export function openDialog(dialog: DialogState | null): void {
  viewStore.setState({ dialog, isPaletteOpen: false, isHelpOpen: false });
}

export function openPalette(paletteQuery = ''): void {
  viewStore.setState({ isPaletteOpen: true, isHelpOpen: false, paletteQuery });
}

/** Lights all segments of one task name, dims the rest. No React work: one attribute and one rule. */
const hotSheet =
  typeof CSSStyleSheet === 'function' && 'replaceSync' in CSSStyleSheet.prototype
    ? new CSSStyleSheet()
    : null;
export function lightKin(kin: number | null): void {
  const root = document.documentElement;
  if (hotSheet === null) return;
  if (!document.adoptedStyleSheets.includes(hotSheet)) {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, hotSheet];
  }
  if (kin === null) {
    root.removeAttribute('data-hot');
    return;
  }
  hotSheet.replaceSync(`[data-hot] [data-kin="${Math.trunc(kin)}"] { opacity: 1 !important; }`);
  root.setAttribute('data-hot', '');
}
