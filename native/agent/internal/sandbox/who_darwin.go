// Package sandbox shows the folder of a task to others: lists, files, and whole folders as a tar. It looks with the
// rights of the task's user, never with more, and never outside the folder. It may import beneath and wire.
package sandbox

import "errors"

// Who is the user of a task, where the agent could do more than that user. Nil: the agent's own rights are the task's.
type Who struct {
	UID    int
	GID    int
	Groups []int
}

var errOtherUser = errors.New("the files of a task that runs as another user cannot be shown on macOS yet")

// as does something with the file rights of a user. A thread of darwin has no file rights of its own that we could
// change without harm, so what would need others than ours is refused.
func as(who *Who, do func() error) error {
	if who != nil {
		return errOtherUser
	}
	return do()
}
