package shim

import (
	"syscall"
	"unsafe"
)

// becomeUser gives up everything that the task's user does not have: groups, ids and every set of capabilities, also
// the bounding one. Order matters: each step needs what the next one takes away.
func becomeUser(argv **byte) syscall.Errno {
	if at(arg(argv, argUID), 0) == '-' {
		return 0
	}
	count := 0
	list := arg(argv, argGroups)
	for i := uintptr(0); at(list, i) != 0 && count < len(groups); count++ {
		group := uint32(0)
		for at(list, i) >= '0' && at(list, i) <= '9' {
			group = group*10 + uint32(at(list, i)-'0')
			i++
		}
		groups[count] = group
		if at(list, i) == ',' {
			i++
		}
	}
	if _, errno := call(sysSetgroups, uintptr(count), uintptr(unsafe.Pointer(&groups[0])), 0, 0, 0); errno != 0 {
		return errno
	}
	for capability := uintptr(0); capability < maxCap; capability++ {
		// EINVAL: the kernel knows no more of them. EPERM: a root that may not (a container); no_new_privs holds it.
		if _, errno := call(syscall.SYS_PRCTL, prDropBound, capability, 0, 0, 0); errno != 0 {
			break
		}
	}
	_, _ = call(syscall.SYS_PRCTL, prAmbient, ambientClear, 0, 0, 0) // a kernel before 4.3 has none
	gid := uintptr(number(arg(argv, argGID)))
	if _, errno := call(sysSetresgid, gid, gid, gid, 0, 0); errno != 0 {
		return errno
	}
	uid := uintptr(number(arg(argv, argUID)))
	if _, errno := call(sysSetresuid, uid, uid, uid, 0, 0); errno != 0 {
		return errno
	}
	capHeader[0] = capVersion // of ourselves; the sets are zeroes: effective, permitted, inheritable
	_, errno := call(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&capHeader[0])), uintptr(unsafe.Pointer(&capData[0])), 0, 0, 0)
	return errno
}

// setLimits takes `RESOURCE=SOFT` (the hard limit stays) and `RESOURCE!BOTH`, separated by commas. None is ever raised
// above the hard limit that is there.
func setLimits(list *byte) syscall.Errno {
	for i := uintptr(0); at(list, i) != 0; {
		resource, both, value := uintptr(0), false, uint64(0)
		for ; at(list, i) >= '0' && at(list, i) <= '9'; i++ {
			resource = resource*10 + uintptr(at(list, i)-'0')
		}
		both = at(list, i) == '!'
		for i++; at(list, i) >= '0' && at(list, i) <= '9'; i++ {
			value = value*10 + uint64(at(list, i)-'0')
		}
		if at(list, i) == ',' {
			i++
		}
		place := uintptr(unsafe.Pointer(&rlimit[0]))
		if _, errno := call(syscall.SYS_PRLIMIT64, 0, resource, 0, place, 0); errno != 0 {
			return errno
		}
		if value > rlimit[1] {
			value = rlimit[1]
		}
		rlimit[0] = value
		if both {
			rlimit[1] = value
		}
		if _, errno := call(syscall.SYS_PRLIMIT64, 0, resource, place, 0, 0); errno != 0 {
			return errno
		}
	}
	return 0
}

// oomAdj takes back what the agent set for itself: its tasks are to be ended before it when the machine is short.
func oomAdj(value *byte) {
	n := 0
	for at(value, uintptr(n)) != 0 && n < 8 {
		buf[n] = at(value, uintptr(n))
		n++
	}
	if n == 0 {
		return
	}
	fd, errno := openAt(atFdCwd, "/proc/self/oom_score_adj\x00", syscall.O_WRONLY|syscall.O_CLOEXEC)
	if errno == 0 {
		write(fd, &buf[0], n)
		closeFd(fd)
	}
}
