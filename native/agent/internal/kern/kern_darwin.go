package kern

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"unsafe"
)

// Of sys/sysctl.h and sys/proc_info.h.
const (
	ctlKern      = 1
	kernProc     = 14
	procPid      = 1
	procGroup    = 2
	procAll      = 0
	kinfoSize    = 648 // struct kinfo_proc, of both architectures
	atStartSec   = 0
	atStartUsec  = 8
	atState      = 36
	atPid        = 40
	atParent     = 560
	stateZombie  = 5
	sysProcInfo  = 336
	callPidInfo  = 2
	flavorTask   = 4
	taskInfoSize = 96
)

// Process is one of those that run.
type Process struct {
	Pid     int
	Parent  int
	StartUs int64
	Zombie  bool
}

// raw gives a value of sysctl by its number.
func raw(mib []int32) ([]byte, error) {
	for try := 0; ; try++ {
		size := uintptr(0)
		if err := sysctl(mib, nil, &size); err != nil || size == 0 {
			return nil, err
		}
		size += size / 4 // more may have come meanwhile
		buf := make([]byte, size)
		err := sysctl(mib, &buf[0], &size)
		if err == syscall.ENOMEM && try < 5 {
			continue
		}
		if err != nil {
			return nil, err
		}
		return buf[:size], nil
	}
}

func sysctl(mib []int32, into *byte, size *uintptr) error {
	_, _, errno := syscall.Syscall6(syscall.SYS___SYSCTL, uintptr(unsafe.Pointer(&mib[0])), uintptr(len(mib)), uintptr(unsafe.Pointer(into)), uintptr(unsafe.Pointer(size)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func processes(mib []int32) []Process {
	data, err := raw(mib)
	if err != nil {
		return nil
	}
	var list []Process
	for ; len(data) >= kinfoSize; data = data[kinfoSize:] {
		list = append(list, Process{
			Pid:     int(int32(binary.LittleEndian.Uint32(data[atPid:]))),
			Parent:  int(int32(binary.LittleEndian.Uint32(data[atParent:]))),
			StartUs: int64(binary.LittleEndian.Uint64(data[atStartSec:]))*1_000_000 + int64(binary.LittleEndian.Uint32(data[atStartUsec:])),
			Zombie:  data[atState] == stateZombie,
		})
	}
	return list
}

// StartUs is when a process was started, in microseconds since 1970; 0 when there is none.
func StartUs(pid int) int64 {
	for _, p := range processes([]int32{ctlKern, kernProc, procPid, int32(pid)}) {
		if p.Pid == pid {
			return p.StartUs
		}
	}
	return 0
}

// Group are the processes of a process group.
func Group(group int) []Process {
	return processes([]int32{ctlKern, kernProc, procGroup, int32(group)})
}

// All are all processes.
func All() []Process { return processes([]int32{ctlKern, kernProc, procAll, 0}) }

// TaskUse is what a process holds and has used; false for those of other users.
func TaskUse(pid int) (residentBytes, cpuUs int64, ok bool) {
	var buf [taskInfoSize]byte
	n, _, errno := syscall.Syscall6(sysProcInfo, callPidInfo, uintptr(pid), flavorTask, 0, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	if errno != 0 || int(n) < len(buf) {
		return 0, 0, false
	}
	ticks := int64(binary.LittleEndian.Uint64(buf[16:]) + binary.LittleEndian.Uint64(buf[24:]))
	return int64(binary.LittleEndian.Uint64(buf[8:])), ticksToUs(ticks), true
}

// ticksToUs: a tick of the kernel's clock is 1 ns on Intel, and 125/3 ns on Apple's own processors.
func ticksToUs(ticks int64) int64 {
	if runtime.GOARCH == "arm64" {
		return ticks / 24
	}
	return ticks / 1000
}

// Number gives a value of sysctl by its name; false when there is none.
func Number(name string) (int64, bool) {
	text, ok := bytesOf(name)
	switch {
	case ok && len(text) == 4:
		return int64(int32(binary.LittleEndian.Uint32(text))), true
	case ok && len(text) == 8:
		return int64(binary.LittleEndian.Uint64(text)), true
	}
	return 0, false
}

// Text gives a value of sysctl by its name; empty when there is none.
func Text(name string) string {
	text, err := syscall.Sysctl(name)
	if err != nil {
		return ""
	}
	return text
}

// Bytes gives the bytes of a value of sysctl by its name.
func Bytes(name string) []byte {
	data, _ := bytesOf(name)
	return data
}

// bytesOf looks the number of a name up first: that is {0, 3} of sysctl.
func bytesOf(name string) ([]byte, bool) {
	text := []byte(name)
	var mib [24]int32
	size := unsafe.Sizeof(mib)
	ask := [2]int32{0, 3}
	_, _, errno := syscall.Syscall6(syscall.SYS___SYSCTL, uintptr(unsafe.Pointer(&ask[0])), 2, uintptr(unsafe.Pointer(&mib[0])), uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	if errno != 0 || size < 4 {
		return nil, false
	}
	data, err := raw(mib[:size/4])
	return data, err == nil
}
