package launch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"mesolite/agent/internal/errand"
)

// ErrNoUser: the words that follow the name of a user.
var ErrNoUser = errors.New("does not exist")

// account is who a task runs as. change is set when the shim must switch to it, and groups only then.
type account struct {
	name   string
	home   string
	uid    int
	gid    int
	groups string
	change bool
}

// CanRunAs tells whether this agent may run a task as that user at all; whether the user exists is found at the start.
func CanRunAs(name *string) bool {
	return name == nil || os.Geteuid() == 0 || ownAccount().isCalled(*name)
}

func findAccount(name *string) (account, error) {
	own := ownAccount()
	if name == nil || own.isCalled(*name) {
		return own, nil
	}
	wanted, err := accountOf(*name)
	if err != nil {
		return account{}, fmt.Errorf("user %s %w", *name, ErrNoUser)
	}
	if wanted.uid != own.uid {
		wanted.change, wanted.groups = true, strings.Join(groupsOf(wanted), ",")
	}
	return wanted, nil
}

// ownAccount is who the agent is. No entry in the list of users is normal in small containers.
func ownAccount() account {
	own, err := accountOfID(os.Geteuid())
	if err != nil {
		return account{home: os.Getenv("HOME"), uid: os.Geteuid(), gid: os.Getegid()}
	}
	return own
}

func (a account) isCalled(name string) bool { return a.name == name || strconv.Itoa(a.uid) == name }

// who is whom the work for a task is done as; nil: as the agent itself.
func (a account) who() *errand.Who {
	if !a.change {
		return nil
	}
	who := &errand.Who{UID: a.uid, GID: a.gid, Groups: []int{}}
	for _, text := range strings.Split(a.groups, ",") {
		if group, err := strconv.Atoi(text); err == nil {
			who.Groups = append(who.Groups, group)
		}
	}
	return who
}

// numbered fills in the numbers of a user.
func (a account) numbered(uid, gid string) (account, error) {
	var err1, err2 error
	a.uid, err1 = strconv.Atoi(uid)
	a.gid, err2 = strconv.Atoi(gid)
	if err1 != nil || err2 != nil {
		return account{}, fmt.Errorf("user %s has no numbers", a.name)
	}
	return a, nil
}
