package sysinfo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"mesolite/agent/internal/kern"
)

// Files shows what the kernel of darwin tells in the words of Linux, so that there is one reader of facts and samples.
// What it does not tell is a file that does not exist.
func Files(string) fs.FS { return kernelFiles{} }

type kernelFiles struct{}

var kernelFile = map[string]func() string{
	"proc/meminfo":                   meminfoText,
	"proc/loadavg":                   loadText,
	"proc/cpuinfo":                   func() string { return "model name : " + kern.Text("machdep.cpu.brand_string") + "\n" },
	"proc/net/dev":                   netText,
	"proc/self/mountinfo":            mountsText,
	"proc/sys/kernel/random/boot_id": bootText,
	"etc/machine-id":                 machineText,
	"etc/os-release": func() string {
		return "PRETTY_NAME=\"" + strings.TrimSpace("macOS "+kern.Text("kern.osproductversion")) + "\"\n"
	},
}

// Open makes a file as it is now.
func (kernelFiles) Open(name string) (fs.File, error) {
	text, ok := kernelFile[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	data := text()
	if data == "" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &madeFile{Buffer: bytes.NewBufferString(data), name: name, size: int64(len(data))}, nil
}

type madeFile struct {
	*bytes.Buffer
	name string
	size int64
}

func (f *madeFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *madeFile) Close() error               { return nil }
func (f *madeFile) Name() string               { return f.name }
func (f *madeFile) Size() int64                { return f.size }
func (f *madeFile) Mode() fs.FileMode          { return 0o444 }
func (f *madeFile) ModTime() time.Time         { return time.Time{} }
func (f *madeFile) IsDir() bool                { return false }
func (f *madeFile) Sys() interface{}           { return nil }

// meminfoText: what is cached of files, and what programs said they can do without, is not in use.
func meminfoText() string {
	total, ok := kern.Number("hw.memsize")
	page, ok2 := kern.Number("hw.pagesize")
	if !ok || !ok2 {
		return ""
	}
	pages := func(name string) int64 {
		n, _ := kern.Number(name) // none
		return n * page >> 10
	}
	text := fmt.Sprintf("MemTotal: %d kB\nMemFree: %d kB\nCached: %d kB\n", total>>10,
		pages("vm.page_free_count"), pages("vm.page_pageable_external_count")+pages("vm.page_purgeable_count"))
	if swap := kern.Bytes("vm.swapusage"); len(swap) >= 24 { // struct xsw_usage: total, free, used
		text += fmt.Sprintf("SwapTotal: %d kB\nSwapFree: %d kB\n", binary.LittleEndian.Uint64(swap)>>10, binary.LittleEndian.Uint64(swap[8:])>>10)
	}
	return text
}

// loadText reads struct loadavg: three numbers, and what they are to be divided by.
func loadText() string {
	load := kern.Bytes("vm.loadavg")
	if len(load) < 24 {
		return ""
	}
	scale := float64(binary.LittleEndian.Uint64(load[16:]))
	if scale <= 0 {
		return ""
	}
	text := ""
	for i := 0; i < 3; i++ {
		text += fmt.Sprintf("%.2f ", float64(binary.LittleEndian.Uint32(load[i*4:]))/scale)
	}
	return text + "\n"
}

// Of net/route.h and net/if_var.h: struct if_msghdr2 with its if_data64.
const (
	ribInterfaces = 6    // NET_RT_IFLIST2
	messageInfo2  = 0x12 // RTM_IFINFO2
	atIndex       = 12
	atReceived    = 32 + 64
	atSent        = 32 + 72
)

// netText counts the cards of the machine; tunnels and bridges only carry the same bytes once more.
func netText() string {
	data, err := syscall.RouteRIB(ribInterfaces, 0)
	if err != nil {
		return ""
	}
	names := map[int]string{}
	interfaces, _ := net.Interfaces() // none: nothing is counted
	for _, i := range interfaces {
		if strings.HasPrefix(i.Name, "en") {
			names[i.Index] = i.Name
		}
	}
	text := ""
	for len(data) >= 4 {
		size := int(binary.LittleEndian.Uint16(data))
		if size < 4 || size > len(data) {
			break
		}
		if data[3] == messageInfo2 && size >= atSent+8 {
			if name := names[int(binary.LittleEndian.Uint16(data[atIndex:]))]; name != "" {
				text += fmt.Sprintf("%s: %d 0 0 0 0 0 0 0 %d\n", name, binary.LittleEndian.Uint64(data[atReceived:]), binary.LittleEndian.Uint64(data[atSent:]))
			}
		}
		data = data[size:]
	}
	return text
}

const (
	mountNoWait = 2
	mountLocal  = 0x1000
)

// realKinds are file systems that hold data of this machine, with a name that the reader of mounts knows.
var realKinds = map[string]string{"apfs": "hfsplus", "hfs": "hfsplus", "exfat": "exfat", "msdos": "vfat", "ntfs": "ntfs", "zfs": "zfs"}

// mountsText lists what is mounted as mountinfo does. The volumes of one APFS container share its room, so they are one.
func mountsText() string {
	count, err := syscall.Getfsstat(nil, mountNoWait)
	if err != nil || count <= 0 {
		return ""
	}
	list := make([]syscall.Statfs_t, count+8)
	if count, err = syscall.Getfsstat(list, mountNoWait); err != nil {
		return ""
	}
	text := ""
	for _, s := range list[:count] {
		name := textOf(s.Fstypename[:])
		kind := realKinds[name]
		if kind == "" || s.Flags&mountLocal == 0 {
			continue
		}
		source := textOf(s.Mntfromname[:])
		device := source
		if name == "apfs" {
			device = containerOf(source)
		}
		text += fmt.Sprintf("1 0 %s / %s rw - %s %s rw\n", escape(device), escape(textOf(s.Mntonname[:])), kind, escape(source))
	}
	return text
}

// containerOf turns /dev/disk3s1s1 into /dev/disk3.
func containerOf(device string) string {
	const prefix = "/dev/disk"
	if !strings.HasPrefix(device, prefix) {
		return device
	}
	end := len(prefix)
	for end < len(device) && device[end] >= '0' && device[end] <= '9' {
		end++
	}
	return device[:end]
}

func escape(text string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`, "\n", `\012`).Replace(text)
}

func textOf(raw []int8) string {
	var out strings.Builder
	for _, c := range raw {
		if c == 0 {
			break
		}
		out.WriteByte(byte(c))
	}
	return out.String()
}

// bootText is other after each boot.
func bootText() string {
	if id := kern.Text("kern.bootsessionuuid"); id != "" {
		return strings.ToLower(id) + "\n"
	}
	if at := kern.Bytes("kern.boottime"); len(at) >= 8 {
		return fmt.Sprintf("boot-%d\n", binary.LittleEndian.Uint64(at))
	}
	return ""
}

var machine struct {
	once sync.Once
	id   string
}

// machineText is the number that the maker gave the machine; it is asked for once.
func machineText() string {
	machine.once.Do(func() {
		out, err := output(5*time.Second, "/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice")
		if err != nil {
			return
		}
		for _, line := range strings.Split(out, "\n") {
			name, value, found := strings.Cut(line, "=")
			if found && strings.Contains(name, `"IOPlatformUUID"`) {
				machine.id = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
			}
		}
	})
	return machine.id
}
