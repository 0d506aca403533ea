package cgroup

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// In v2 device files are closed by a program in the kernel that is asked at each open and mknod. Ours allows all but the
// character devices it was made for. Encodings: linux/bpf.h and instruction-set.rst of the kernel; the same approach as
// runc's libcontainer/cgroups/ebpf (devicefilter.go, ebpf_linux.go), which allows by a list where we deny.

const (
	bpfProgLoad   = 5
	bpfProgAttach = 8

	progCgroupDevice   = 15
	attachCgroupDevice = 6
	// allowMulti: programs of groups above (a systemd's, a container's) are asked too, and any of them may deny.
	allowMulti = 2

	// struct bpf_cgroup_dev_ctx: u32 access<<16|type, u32 major, u32 minor.
	typeChar = 2

	opLoadWord = 0x61 // r[dst] = *(u32 *)(r[src] + off)
	opAnd      = 0x54 // u32 r[dst] &= imm
	opMove     = 0xb7 // r[dst] = imm
	opJumpNot  = 0x55 // if r[dst] != imm goto off
	opExit     = 0x95 // return r0

	// maxFilters that are kept loaded: tasks with the same cards share one.
	maxFilters = 32
)

// filters are the loaded programs by what they close. A group holds its own program, whatever becomes of ours.
type filters map[string]int

// attach closes character devices, named as `MAJOR:MINOR`, for all that lives in a group.
func (f filters) attach(folder string, devices []string) error {
	group, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: folder, Err: err}
	}
	defer func() { _ = syscall.Close(group) }() // only a place
	program, err := f.load(devices)
	if err != nil {
		return err
	}
	ask := struct{ target, program, kind, flags uint32 }{uint32(group), uint32(program), attachCgroupDevice, allowMulti}
	_, err = bpf(bpfProgAttach, unsafe.Pointer(&ask), unsafe.Sizeof(ask))
	return os.NewSyscallError("bpf attach", err)
}

func (f filters) load(devices []string) (int, error) {
	devices = append([]string{}, devices...)
	sort.Strings(devices)
	name := strings.Join(devices, " ")
	if program, ok := f[name]; ok {
		return program, nil
	}
	if len(f) >= maxFilters {
		f.close()
	}
	code, err := deviceFilter(devices)
	if err != nil {
		return -1, err
	}
	license := []byte("Apache-2.0\x00") // it calls nothing that would ask for another
	ask := struct {
		kind, count         uint32
		code, license       uint64
		logLevel, logSize   uint32
		log                 uint64
		kernelVersion, flag uint32
	}{
		kind: progCgroupDevice, count: uint32(len(code) / 8),
		code: uint64(uintptr(unsafe.Pointer(&code[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	program, err := bpf(bpfProgLoad, unsafe.Pointer(&ask), unsafe.Sizeof(ask))
	runtime.KeepAlive(code) // the kernel read them by their numbers
	runtime.KeepAlive(license)
	if err != nil {
		return -1, os.NewSyscallError("bpf load", err)
	}
	f[name] = program
	return program, nil
}

func (f filters) close() {
	for name, program := range f {
		_ = syscall.Close(program) // the groups keep theirs
		delete(f, name)
	}
}

// deviceFilter is the program. The kernel calls it with the context in r1, and denies when it returns 0.
func deviceFilter(devices []string) ([]byte, error) {
	type instruction struct {
		Op, Registers uint8 // src<<4 | dst
		Off           int16
		Imm           int32
	}
	const access, major, minor = 2, 3, 4
	program := []instruction{
		{opLoadWord, 1<<4 | access, 0, 0},
		{opAnd, access, 0, 0xffff},
		{opLoadWord, 1<<4 | major, 4, 0},
		{opLoadWord, 1<<4 | minor, 8, 0},
		{opJumpNot, access, int16(4 * len(devices)), typeChar},
	}
	for _, device := range devices {
		first, second, _ := strings.Cut(device, ":")
		a, err1 := strconv.ParseInt(first, 10, 32)
		b, err2 := strconv.ParseInt(second, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%q are no numbers of a device", device)
		}
		program = append(program,
			instruction{opJumpNot, major, 3, int32(a)},
			instruction{opJumpNot, minor, 2, int32(b)},
			instruction{opMove, 0, 0, 0},
			instruction{opExit, 0, 0, 0},
		)
	}
	program = append(program, instruction{opMove, 0, 0, 1}, instruction{opExit, 0, 0, 0})
	var code bytes.Buffer
	err := binary.Write(&code, binary.LittleEndian, program) // every machine we build for
	return code.Bytes(), err
}

// bpf is the system call, made again when a signal came between (EAGAIN of the verifier).
func bpf(command uintptr, ask unsafe.Pointer, size uintptr) (int, error) {
	number := uintptr(280) // of all newer machines
	switch runtime.GOARCH {
	case "amd64":
		number = 321
	case "arm":
		number = 386
	}
	for try := 0; ; try++ {
		result, _, errno := syscall.Syscall(number, command, uintptr(ask), size)
		if (errno == syscall.EAGAIN || errno == syscall.EINTR) && try < 10 {
			continue
		}
		if errno != 0 {
			return -1, errno
		}
		return int(result), nil
	}
}
