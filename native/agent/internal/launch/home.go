package launch

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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
	if err != nil || !account.change {
		return nil, err
	}
	who := &errand.Who{UID: account.uid, GID: account.gid, Groups: []int{}}
	for _, text := range strings.Split(account.groups, ",") {
		if group, err := strconv.Atoi(text); err == nil {
			who.Groups = append(who.Groups, group)
		}
	}
	return who, nil
}

// EmptyHome makes the folder of a task with an empty sandbox, for who is to fill it: what an earlier try has left
// there is taken away. The task has never run.
func (l *Launcher) EmptyHome(taskID string, who *errand.Who) (dir string, err error) {
	dir = l.TaskDir(taskID)
	sandbox := filepath.Join(dir, "sandbox")
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", plain(err)
	}
	if err := os.RemoveAll(sandbox); err != nil {
		return "", plain(err)
	}
	if err := os.Mkdir(sandbox, 0o700); err != nil {
		return "", plain(err)
	}
	if who == nil {
		return dir, nil
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the task's user must be able to reach its sandbox
		return "", plain(err)
	}
	return dir, os.Chown(sandbox, who.UID, who.GID)
}
