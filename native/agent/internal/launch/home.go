package launch

import (
	"errors"
	"os"
	"path/filepath"

	"mesolite/agent/internal/errand"
	"mesolite/agent/internal/wire"
)

// WhoRuns says whom the work for a task is done as, before and after it; nil: as the agent itself. What is in a
// container has users of its own.
func WhoRuns(info *wire.TaskInfo) (*errand.Who, error) {
	if info.Container != nil {
		return nil, nil
	}
	account, err := findAccount(info.Command.User)
	if err != nil {
		return nil, err
	}
	return account.who(), nil
}

// EmptyHome makes the folder of a task with an empty sandbox, for who is to fill it: what an earlier try has left
// there is taken away. The task has never run.
func (l *Launcher) EmptyHome(taskID string, who *errand.Who) (dir string, err error) {
	dir = l.TaskDir(taskID)
	if err := os.RemoveAll(filepath.Join(dir, "sandbox")); err != nil {
		return "", plain(err)
	}
	return dir, makeHome(dir, who)
}

// makeHome makes the folder of a task with its sandbox. What is there is used again.
func makeHome(dir string, who *errand.Who) error {
	sandbox := filepath.Join(dir, "sandbox")
	for _, folder := range []string{dir, sandbox} {
		if err := makeFolder(folder); err != nil {
			return err
		}
	}
	if who == nil {
		return nil
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the task's user must be able to reach its sandbox
		return plain(err)
	}
	return plain(os.Chown(sandbox, who.UID, who.GID))
}

func makeFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return plain(err)
	}
	return nil
}
