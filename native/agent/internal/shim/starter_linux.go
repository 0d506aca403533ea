package shim

import (
	"syscall"
	"unsafe"
)

// The starter makes the shims for the agent: each is a child of it that goes on as a shim, with the descriptors and the
// words of a message. An agent that starts them itself stands still until each of them has become its own program
// (vfork), one after the other; where others use the CPU too that is milliseconds. The starter ends with its agent,
// its shims do not.
//
// One child is made ahead: it waits for a message itself, so no task waits for a fork. It says on a pipe of its own that
// it has one, and the starter makes the next. Until then it ends with the starter.

var (
	starterMsg   [StarterBytes]byte
	starterWords [StarterWords + 2]uintptr // argv, NULL, envp, NULL
	starterFds   [StarterFds]int32
	starterOob   [(16 + 4*StarterFds) / 8]uint64 // cmsghdr and the descriptors
	starterVec   syscall.Iovec
	starterHdr   syscall.Msghdr
	starterPid   int
)

// What a child made ahead says once.
const (
	orderTaken = '1'
	ordersOver = '0'
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
	defaultSignals()
	onChildren(ignored)
	starterPid = self()
	line[0] = '1'
	write(FdStarter, &line[0], 1) // it works here
	for {
		if !makeNext(argc, argv) {
			makeNow(argc, argv)
		}
	}
}

// makeNext makes a child ahead and waits until it has its message; false: it has none, and never will.
func makeNext(argc uintptr, argv **byte) bool {
	if _, errno := call(syscall.SYS_PIPE2, addr((*byte)(unsafe.Pointer(&pipeFds[0]))), syscall.O_CLOEXEC, 0, 0, 0); errno != 0 {
		return false
	}
	pid, errno := call(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		beNext(argc, argv)
	}
	closeFd(int(pipeFds[1]))
	line[0] = 0
	for errno == 0 { // no word at all: somebody ended it
		_, again := call(syscall.SYS_READ, uintptr(pipeFds[0]), addr(&line[0]), 1, 0, 0)
		if again != syscall.EINTR {
			break
		}
	}
	closeFd(int(pipeFds[0]))
	if line[0] == ordersOver {
		_, _ = call(syscall.SYS_WAIT4, pid, 0, 0, 0, 0) // so that nothing of us is left to be seen
		exitNow(0)
	}
	return line[0] == orderTaken
}

// beNext is the child made ahead.
func beNext(argc uintptr, argv **byte) {
	_, _ = call(syscall.SYS_PRCTL, prDeathSignal, uintptr(syscall.SIGKILL), 0, 0, 0)
	if parent, _ := call(syscall.SYS_GETPPID, 0, 0, 0, 0, 0); int(parent) != starterPid {
		exitNow(0)
	}
	closeFd(int(pipeFds[0]))
	count, size := takeOrder()
	args := readOrder(size)
	line[0] = orderTaken
	if args < ArgCount || count <= FdFolder {
		line[0] = ordersOver // the agent is gone, or that was not ours
	}
	write(int(pipeFds[1]), &line[0], 1)
	closeFd(int(pipeFds[1]))
	if line[0] == ordersOver {
		exitNow(0)
	}
	_, _ = call(syscall.SYS_PRCTL, prDeathSignal, 0, 0, 0, 0)
	beShim(argc, argv, uintptr(args), count)
}

// makeNow takes a message and makes a child for it.
func makeNow(argc uintptr, argv **byte) {
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
		beShim(argc, argv, uintptr(args), count)
	}
	if errno != 0 {
		write(int(starterFds[FdAlive]), &line[0], record(0, StepFork, int(errno)))
	}
	closeOrder(count, 0)
}

func beShim(argc uintptr, argv **byte, args uintptr, count int) {
	onChildren(0)
	_, _ = call(syscall.SYS_SETSID, 0, 0, 0, 0, 0)
	for i := 0; i < count; i++ { // they came in ascending order, each above its place
		mark := 0
		if i >= FdAlive {
			mark = syscall.O_CLOEXEC
		}
		_, _ = call(syscall.SYS_DUP3, uintptr(starterFds[i]), uintptr(i), uintptr(mark), 0, 0)
	}
	fromStarter = true
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
