package shim

import (
	"syscall"
	"unsafe"
)

// The starter makes the shims for the agent: each is a child of it that goes on as a shim, with the descriptors and the
// words of a message. An agent that starts them itself stands still until each of them has become its own program
// (vfork), one after the other; where others use the CPU too that is milliseconds. The starter ends with its agent,
// its shims do not.

var (
	starterMsg   [StarterBytes]byte
	starterWords [StarterWords + 2]uintptr // argv, NULL, envp, NULL
	starterFds   [StarterFds]int32
	starterOob   [(16 + 4*StarterFds) / 8]uint64 // cmsghdr and the descriptors
	starterVec   syscall.Iovec
	starterHdr   syscall.Msghdr
)

// starter serves until nobody holds the other end of its socket. Its own command line is where each shim writes what
// it was given, so that people see which task it is for.
func starter(argc uintptr, argv **byte) {
	if underGo {
		exitNow(64) // a runtime does not live on in a child
	}
	for i := 0; i < len(allMask); i++ {
		allMask[i] = 0xff
	}
	_, _ = call(syscall.SYS_RT_SIGPROCMASK, sigSetMask, addr(&allMask[0]), 0, 8, 0)
	_, _ = call(syscall.SYS_PRCTL, prSetName, text("mesolite-start\x00"), 0, 0, 0)
	onChildren(ignored)
	line[0] = '1'
	write(FdStarter, &line[0], 1) // it works here
	for {
		count, size := takeOrder()
		if size == 0 {
			exitNow(0)
		}
		args := readOrder(size)
		if args < ArgCount || count <= FdFolder {
			exitNow(66) // that was not our agent
		}
		pid, errno := call(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0)
		if errno == 0 && pid == 0 {
			onChildren(0)
			beShim(argc, argv, uintptr(args), count)
		}
		if errno != 0 {
			write(int(starterFds[FdAlive]), &line[0], record(0, StepFork, int(errno)))
		}
		closeOrder(count, 0)
	}
}

func beShim(argc uintptr, argv **byte, args uintptr, count int) {
	_, _ = call(syscall.SYS_SETSID, 0, 0, 0, 0, 0)
	for i := 0; i < count; i++ { // they came in ascending order, each above its place
		_, _ = call(syscall.SYS_DUP3, uintptr(starterFds[i]), uintptr(i), 0, 0, 0)
	}
	closeOrder(count, count)
	words := asList(&starterWords[0])
	showWords(argc, argv, words)
	run(args, words, offset(words, args+1))
}

// closeOrder closes what came with a message, from a number on.
func closeOrder(count, from int) {
	for i := 0; i < count; i++ {
		if int(starterFds[i]) >= from {
			closeFd(int(starterFds[i]))
		}
	}
}

// ignored is SIG_IGN: the kernel reaps what ended.
const ignored = 1

func onChildren(handler byte) {
	action[0] = handler
	_, _ = call(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD), addr(&action[0]), 0, 8, 0)
	action[0] = 0
}

// takeOrder receives a message and its descriptors. A size of 0: the agent is gone.
func takeOrder() (count, size int) {
	starterVec.Base = &starterMsg[0]
	starterVec.SetLen(len(starterMsg))
	starterHdr.Iov = &starterVec
	starterHdr.Iovlen = 1
	starterHdr.Control = (*byte)(unsafe.Pointer(&starterOob[0]))
	for {
		starterHdr.SetControllen(8 * len(starterOob))
		n, errno := call(syscall.SYS_RECVMSG, FdStarter, uintptr(unsafe.Pointer(&starterHdr)), syscall.MSG_CMSG_CLOEXEC, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 {
			return 0, 0
		}
		size = int(n)
		break
	}
	from := (*syscall.Cmsghdr)(unsafe.Pointer(&starterOob[0]))
	if int(starterHdr.Controllen) < syscall.SizeofCmsghdr || from.Level != syscall.SOL_SOCKET || from.Type != syscall.SCM_RIGHTS {
		return 0, size
	}
	fds := unsafe.Add(unsafe.Pointer(&starterOob[0]), syscall.SizeofCmsghdr)
	for count*4 < int(from.Len)-syscall.SizeofCmsghdr && count < len(starterFds) {
		starterFds[count] = *(*int32)(unsafe.Add(fds, 4*count))
		count++
	}
	return count, size
}

// readOrder makes the two lists of a message: the number of arguments in two bytes, and the words of both, a NUL after
// each. It gives that number, or 0 when they are not all there.
func readOrder(size int) (args int) {
	args = int(starterMsg[0]) + int(starterMsg[1])<<8
	slot, begin := 0, 2
	for i := begin; i < size && i < len(starterMsg) && slot < StarterWords; i++ {
		if starterMsg[i] != 0 {
			continue
		}
		if slot == args {
			starterWords[slot] = 0
			slot++
		}
		starterWords[slot] = addr(&starterMsg[begin])
		slot++
		begin = i + 1
	}
	if slot < args {
		return 0
	}
	if slot == args {
		starterWords[slot] = 0
		slot++
	}
	starterWords[slot] = 0
	return args
}

// showWords writes a shim's words over the command line of the starter, as far as there is room.
func showWords(argc uintptr, own, words **byte) {
	first, last := arg(own, 0), arg(own, argc-1)
	room := uintptr(unsafe.Pointer(last)) - uintptr(unsafe.Pointer(first))
	n := uintptr(0)
	for w := uintptr(0); arg(words, w) != nil; w++ {
		for i := uintptr(0); n < room; i++ {
			c := at(arg(words, w), i)
			*(*byte)(unsafe.Add(unsafe.Pointer(first), n)) = c
			n++
			if c == 0 {
				break
			}
		}
	}
	for ; n <= room; n++ {
		*(*byte)(unsafe.Add(unsafe.Pointer(first), n)) = 0
	}
}
