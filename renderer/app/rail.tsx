// Icon rail: the pages, and below them settings and help.
import { Info, Keyboard, LayoutList, ListChecks, Scale, Server, Settings, Workflow } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from '../kit/button.tsx';
import { go, openDialog, type Route, useView, viewStore } from '../store/view.ts';
import { Mark } from './mark.tsx';
import { useWords } from './messages/words.ts';

function Door(props: { readonly route: Route; readonly label: string; readonly icon: ReactNode }) {
  const page = useView((view) => view.route.page);
  const own = page === 'task' ? 'tasks' : page === 'find' || page === 'adding' ? 'machines' : page;
  const isHere = own === props.route.page;
  return (
    <IconButton
      size="rail"
      tipSide="right"
      label={props.label}
      icon={props.icon}
      aria-current={isHere ? 'page' : undefined}
      onClick={() => go(props.route)}
    />
  );
}

export function Rail() {
  const words = useWords();
  return (
    <nav className="rail" aria-label={words.t('nav.main')}>
      <span className="rail__mark">
        <Mark />
      </span>
      <Door route={{ page: 'rack' }} label={words.t('nav.rack')} icon={<Server />} />
      <Door
        route={{ page: 'tasks', filter: '', state: 'all' }}
        label={words.t('nav.tasks')}
        icon={<ListChecks />}
      />
      <Door route={{ page: 'machines' }} label={words.t('nav.machines')} icon={<LayoutList />} />
      <Door route={{ page: 'roles' }} label={words.t('nav.roles')} icon={<Scale />} />
      <Door route={{ page: 'frameworks' }} label={words.t('nav.frameworks')} icon={<Workflow />} />
      <span className="grow" />
      <IconButton
        size="rail"
        tipSide="right"
        label={words.t('nav.help')}
        icon={<Keyboard />}
        onClick={() => viewStore.setState({ isHelpOpen: true })}
      />
      <IconButton
        size="rail"
        tipSide="right"
        label={words.t('nav.about')}
        icon={<Info />}
        onClick={() => openDialog({ kind: 'about' })}
      />
      <Door route={{ page: 'settings' }} label={words.t('nav.settings')} icon={<Settings />} />
    </nav>
  );
}
