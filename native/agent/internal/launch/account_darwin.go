package launch

import (
	"fmt"
	"os"
	"os/exec"
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
	own, err := lookUp(strconv.Itoa(os.Geteuid()))
	return err == nil && (own.name == *name || strconv.Itoa(own.uid) == *name)
}

func findAccount(name *string) (account, error) {
	own, err := lookUp(strconv.Itoa(os.Geteuid()))
	if err != nil {
		own = account{name: os.Getenv("USER"), home: os.Getenv("HOME"), uid: os.Geteuid(), gid: os.Getegid()}
	}
	if name == nil || own.name == *name {
		return own, nil
	}
	wanted, err := lookUp(*name)
	if err != nil {
		return account{}, err
	}
	if wanted.uid == own.uid {
		return wanted, nil
	}
	wanted.change = true
	wanted.groups = strconv.Itoa(wanted.gid)
	if out, err := exec.Command("/usr/bin/id", "-G", *name).Output(); err == nil {
		wanted.groups = strings.Join(strings.Fields(string(out)), ",")
	}
	return wanted, nil
}

// lookUp asks the directory of the system, which is not in /etc/passwd here: `id -P` gives one line of that form,
// name:password:uid:gid:class:change:expire:full name:home:shell.
func lookUp(name string) (account, error) {
	missing := fmt.Errorf("user %s does not exist", name)
	if name == "" || name[0] == '-' {
		return account{}, missing
	}
	out, err := exec.Command("/usr/bin/id", "-P", name).Output()
	if err != nil {
		return account{}, missing
	}
	return parseAccount(string(out), missing)
}

func parseAccount(line string, missing error) (account, error) {
	fields := strings.Split(strings.TrimSpace(line), ":")
	if len(fields) < 10 {
		return account{}, missing
	}
	uid, err1 := strconv.Atoi(fields[2])
	gid, err2 := strconv.Atoi(fields[3])
	if err1 != nil || err2 != nil {
		return account{}, missing
	}
	return account{name: fields[0], home: fields[len(fields)-2], uid: uid, gid: gid}, nil
}
