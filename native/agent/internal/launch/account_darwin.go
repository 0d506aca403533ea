package launch

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// accountOf asks the directory of the system, which is not in /etc/passwd here: `id -P` gives one line of that form,
// name:password:uid:gid:class:change:expire:full name:home:shell.
func accountOf(name string) (account, error) {
	if name == "" || name[0] == '-' {
		return account{}, fmt.Errorf("%q is no name", name)
	}
	out, err := exec.Command("/usr/bin/id", "-P", name).Output()
	fields := strings.Split(strings.TrimSpace(string(out)), ":")
	if err != nil || len(fields) < 10 {
		return account{}, fmt.Errorf("no user %s", name)
	}
	return account{name: fields[0], home: fields[len(fields)-2]}.numbered(fields[2], fields[3])
}

func accountOfID(uid int) (account, error) { return accountOf(strconv.Itoa(uid)) }

func groupsOf(a account) []string {
	out, err := exec.Command("/usr/bin/id", "-G", a.name).Output()
	if err != nil {
		return []string{strconv.Itoa(a.gid)}
	}
	return strings.Fields(string(out))
}
