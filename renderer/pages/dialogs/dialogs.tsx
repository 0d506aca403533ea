// Which dialog is open. Each is mounted fresh, so that nothing typed stays behind.
import './dialogs.css';
import { openDialog, useView } from '../../store/view.ts';
import { AboutDialog } from './about-dialog.tsx';
import { AddMachineDialog } from './add-machine-dialog.tsx';
import { AddMachinesDialog } from './add-machines-dialog.tsx';
import { DrainDialog } from './drain-dialog.tsx';
import { EditMachineDialog } from './edit-machine-dialog.tsx';
import { ForgetTasksDialog, KillTasksDialog } from './end-tasks-dialogs.tsx';
import { MaintenanceDialog } from './maintenance-dialog.tsx';
import { QuitDialog } from './quit-dialog.tsx';
import { RemoveDemoDialog } from './remove-demo-dialog.tsx';
import { RemoveMachineDialog } from './remove-machine-dialog.tsx';
import { RetryMachinesDialog } from './retry-machines-dialog.tsx';
import { ChangeRoleDialog } from './roles/change-role-dialog.tsx';
import { PartitionDialog } from './roles/partition-dialog.tsx';
import { TeardownDialog } from './roles/teardown-dialog.tsx';
import { RunTaskDialog } from './run-task-dialog.tsx';
import { TakeOverDialog } from './take-over-dialog.tsx';

const closeDialog = () => openDialog(null);

export function Dialogs() {
  const dialog = useView((view) => view.dialog);
  if (dialog === null) return null;
  switch (dialog.kind) {
    case 'add-machine':
      return <AddMachineDialog found={dialog.found ?? null} onClose={closeDialog} />;
    case 'add-machines':
      return <AddMachinesDialog found={dialog.found} onClose={closeDialog} />;
    case 'retry-machines':
      return <RetryMachinesDialog machineIds={dialog.machineIds} onClose={closeDialog} />;
    case 'remove-machine':
      return <RemoveMachineDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'edit-machine':
      return <EditMachineDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'take-over':
      return <TakeOverDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'drain':
      return <DrainDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'plan-maintenance':
      return <MaintenanceDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'run-task':
      return (
        <RunTaskDialog machineId={dialog.machineId} sample={dialog.sample ?? ''} onClose={closeDialog} />
      );
    case 'kill-tasks':
      return <KillTasksDialog taskIds={dialog.taskIds} onClose={closeDialog} />;
    case 'forget-tasks':
      return <ForgetTasksDialog taskIds={dialog.taskIds} onClose={closeDialog} />;
    case 'remove-demo':
      return <RemoveDemoDialog onClose={closeDialog} />;
    case 'change-role':
      return <ChangeRoleDialog role={dialog.role} parent={dialog.parent ?? ''} onClose={closeDialog} />;
    case 'partition-machine':
      return <PartitionDialog machineId={dialog.machineId} onClose={closeDialog} />;
    case 'teardown-framework':
      return <TeardownDialog frameworkId={dialog.frameworkId} onClose={closeDialog} />;
    case 'quit':
      return <QuitDialog runningTasks={dialog.runningTasks} onClose={closeDialog} />;
    case 'about':
      return <AboutDialog onClose={closeDialog} />;
  }
}
