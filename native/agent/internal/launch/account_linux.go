package launch

import (
	"os/user"
	"strconv"
)

func accountOf(name string) (account, error) { return fromUser(user.Lookup(name)) }

func accountOfID(uid int) (account, error) { return fromUser(user.LookupId(strconv.Itoa(uid))) }

func fromUser(u *user.User, err error) (account, error) {
	if err != nil {
		return account{}, err
	}
	return account{name: u.Username, home: u.HomeDir}.numbered(u.Uid, u.Gid)
}

func groupsOf(a account) []string {
	gid := strconv.Itoa(a.gid)
	ids, err := (&user.User{Username: a.name, Gid: gid}).GroupIds()
	if err != nil {
		return []string{gid}
	}
	return ids
}
