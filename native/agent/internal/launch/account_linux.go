package launch

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// account is who a task runs as. change is set when the shim must switch to it.
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
	if name == nil || os.Geteuid() == 0 {
		return true
	}
	own, err := user.Current()
	return err == nil && (own.Username == *name || own.Uid == *name)
}

func findAccount(name *string) (account, error) {
	own, err := user.LookupId(strconv.Itoa(os.Geteuid()))
	if err != nil {
		// No entry in /etc/passwd is normal in small containers.
		own = &user.User{Uid: strconv.Itoa(os.Geteuid()), Gid: strconv.Itoa(os.Getegid()), HomeDir: os.Getenv("HOME")}
	}
	if name == nil || own.Username == *name {
		return toAccount(own, false)
	}
	wanted, err := user.Lookup(*name)
	if err != nil {
		return account{}, fmt.Errorf("user %s does not exist", *name)
	}
	return toAccount(wanted, wanted.Uid != own.Uid)
}

func toAccount(u *user.User, change bool) (account, error) {
	out := account{name: u.Username, home: u.HomeDir, change: change}
	var err error
	if out.uid, err = strconv.Atoi(u.Uid); err != nil {
		return out, fmt.Errorf("user %s has no number", u.Username)
	}
	if out.gid, err = strconv.Atoi(u.Gid); err != nil {
		return out, fmt.Errorf("user %s has no group", u.Username)
	}
	if !change {
		return out, nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		ids = []string{u.Gid}
	}
	out.groups = strings.Join(ids, ",")
	return out, nil
}
