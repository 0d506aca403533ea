// The frame: rail, bar, page, inspector, dock. Regions never move; only the page changes.
import './frame.css';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { Toaster } from '../kit/toaster.tsx';
import { AddingPage } from '../pages/adding/adding-page.tsx';
import { Dialogs } from '../pages/dialogs/dialogs.tsx';
import { FindPage } from '../pages/find/find-page.tsx';
import { FrameworksPage } from '../pages/frameworks/frameworks-page.tsx';
import { Inspector } from '../pages/inspector/inspector.tsx';
import { MachinesPage } from '../pages/machines/machines-page.tsx';
import { RackPage } from '../pages/rack/rack-page.tsx';
import { RolesPage } from '../pages/roles/roles-page.tsx';
import { SettingsPage } from '../pages/settings/settings-page.tsx';
import { TaskPage } from '../pages/task/task-page.tsx';
import { TasksPage } from '../pages/tasks/tasks-page.tsx';
import { settingsOf } from '../store/selectors.ts';
import { tableStore, useTables } from '../store/tables.ts';
import { dismissToast, useToasts } from '../store/toasts.ts';
import { useView } from '../store/view.ts';
import { Dock } from './dock.tsx';
import { FaultBar } from './fault-bar.tsx';
import { HelpSheet } from './help-sheet.tsx';
import { useWords } from './messages/words.ts';
import { Palette } from './palette.tsx';
import { Rail } from './rail.tsx';
import { useShortcuts } from './shortcuts.ts';
import { applyTheme, watchSystemTheme } from './theme.ts';
import { TopBar } from './top-bar.tsx';

function Page() {
  const route = useView((view) => view.route);
  switch (route.page) {
    case 'rack':
      return <RackPage />;
    case 'tasks':
      return <TasksPage route={route} />;
    case 'task':
      return <TaskPage key={route.taskId} taskId={route.taskId} view={route.view ?? 'log'} />;
    case 'machines':
      return <MachinesPage />;
    case 'find':
      return <FindPage view={route.view ?? 'here'} />;
    case 'adding':
      return <AddingPage />;
    case 'roles':
      return <RolesPage key={route.view ?? 'tree'} view={route.view ?? 'tree'} />;
    case 'frameworks':
      return <FrameworksPage />;
    case 'settings':
      return <SettingsPage />;
  }
}

function Body() {
  const status = useStore(tableStore, (state) => state.status);
  const detail = useStore(tableStore, (state) => state.problem?.detail ?? '');
  const hasData = useStore(tableStore, (state) => state.seq > 0 || state.status === 'ready');
  const words = useWords();
  if (hasData) return <Page />;
  if (status === 'loading') return <p className="app__loading dim">{words.t('app.loading')}</p>;
  return (
    <div className="app__loading" role="alert">
      <p>{words.t('app.load-failed')}</p>
      <p className="dim selectable">{detail}</p>
    </div>
  );
}

function Toasts() {
  const words = useWords();
  return (
    <Toaster
      label={words.t('dock.title')}
      toasts={useToasts()}
      undoLabel={words.t('verb.undo')}
      closeLabel={words.t('verb.dismiss')}
      onDismiss={dismissToast}
    />
  );
}

export function App() {
  const words = useWords();
  const theme = useTables((tables) => settingsOf(tables).theme);
  useEffect(() => {
    applyTheme(theme);
    return watchSystemTheme(() => applyTheme(theme));
  }, [theme]);
  useEffect(() => {
    document.documentElement.lang = words.language;
  }, [words.language]);
  useShortcuts();
  return (
    <div className="app">
      <Rail />
      <div className="app__main">
        <TopBar />
        <FaultBar />
        <div className="app__middle">
          <main className="app__page">
            <Body />
          </main>
          <Inspector />
        </div>
        <Dock />
      </div>
      <Dialogs />
      <Palette />
      <HelpSheet />
      <Toasts />
    </div>
  );
}
