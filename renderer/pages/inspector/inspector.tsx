// Inspector at the right: facts and live figures of what is selected. Its width is dragged or set by arrows.
import './inspector.css';
import { X } from 'lucide-react';
import { useWords } from '../../app/messages/words.ts';
import { IconButton } from '../../kit/button.tsx';
import { Splitter } from '../../kit/parts.tsx';
import { runFramework } from '../../parts/framework-state.tsx';
import { useFinding } from '../../store/finding.ts';
import { useRow, useTables } from '../../store/tables.ts';
import {
  inspect,
  inspectorMaxPx,
  inspectorMinPx,
  type Subject,
  useView,
  viewStore,
} from '../../store/view.ts';
import { FoundPanel } from './found-panel.tsx';
import { FrameworkPanel } from './framework-panel.tsx';
import { MachinePanel } from './machine-panel.tsx';
import { RolePanel } from './role-panel.tsx';
import { RunPanel } from './run-panel.tsx';
import { TaskPanel } from './task-panel.tsx';

function Panel({ subject }: { readonly subject: Subject }) {
  const machine = useRow('machines', subject.kind === 'machine' ? subject.id : null);
  const task = useRow('tasks', subject.kind === 'task' ? subject.id : null);
  const run = useRow('runs', subject.kind === 'task' ? subject.id : null);
  if (subject.kind === 'role') return <RolePanel key={subject.id} role={subject.id} />;
  if (subject.kind === 'found') return <FoundPanel key={subject.id} id={subject.id} />;
  if (subject.kind === 'framework') return <FrameworkPanel key={subject.id} id={subject.id} />;
  if (machine !== undefined) return <MachinePanel key={machine.id} machine={machine} />;
  if (task !== undefined) return <TaskPanel key={task.id} task={task} />;
  return run === undefined ? null : <RunPanel key={run.id} run={run} />;
}

/** What was removed meanwhile is not inspected any more. */
function useIsThere(subject: Subject | null): boolean {
  const isFound = useFinding(({ machines }) => subject?.kind === 'found' && machines.has(subject.id));
  return useTables((tables) => {
    if (subject === null) return false;
    if (subject.kind === 'machine') return tables.machines.has(subject.id);
    if (subject.kind === 'found') return isFound;
    if (subject.kind === 'role') return true;
    if (subject.kind === 'framework')
      return subject.id === runFramework.id || tables.frameworks.has(subject.id);
    return tables.tasks.has(subject.id) || tables.runs.has(subject.id);
  });
}

export function Inspector() {
  const words = useWords();
  const isOpen = useView((view) => view.isInspectorOpen);
  const subject = useView((view) => view.subject);
  const route = useView((view) => view.route);
  const px = useView((view) => view.inspectorPx);
  // The task page already shows everything about its task.
  const isOwnPage = route.page === 'task' || route.page === 'settings';
  const isThere = useIsThere(subject);
  if (!isOpen || subject === null || isOwnPage || !isThere) return null;
  return (
    <aside className="inspector" aria-label={words.t('inspector.title')} style={{ width: px }}>
      <Splitter
        label={words.t('inspector.resize')}
        value={px}
        min={inspectorMinPx}
        max={inspectorMaxPx}
        onValue={(inspectorPx) => viewStore.setState({ inspectorPx })}
      />
      <span className="inspector__close">
        <IconButton label={words.t('inspector.close')} icon={<X />} onClick={() => inspect(null)} />
      </span>
      <Panel subject={subject} />
    </aside>
  );
}
