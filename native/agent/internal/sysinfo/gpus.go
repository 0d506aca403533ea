package sysinfo

import (
	"io/fs"
	"path"
	"sort"
	"strings"

	"mesolite/agent/internal/wire"
)

const maxGpus = 64

// gpusOf lists cards that compute: nvidia by its driver's /proc, amd and intel by sysfs. Neither wakes a sleeping card.
func gpusOf(root fs.FS, nvidiaMem []int64) []wire.Gpu {
	list := []wire.Gpu{}
	for i, dir := range nvidiaDirs(root) {
		gpu := wire.Gpu{Index: i, Vendor: "nvidia", Model: "NVIDIA GPU"}
		for _, line := range strings.Split(readText(root, path.Join(dir, "information")), "\n") {
			if parts := strings.SplitN(line, ":", 2); len(parts) == 2 && parts[0] == "Model" {
				gpu.Model = clip(strings.TrimSpace(parts[1]))
			}
		}
		if i < len(nvidiaMem) {
			gpu.MemMib = nvidiaMem[i]
		}
		list = append(list, gpu)
	}
	for _, dir := range amdDirs(root) {
		bytes, _ := readInt(root, path.Join(dir, "mem_info_vram_total")) // older drivers do not tell
		model := readText(root, path.Join(dir, "product_name"))
		if model == "" {
			model = "AMD GPU " + readText(root, path.Join(dir, "device"))
		}
		list = append(list, wire.Gpu{Index: len(list), Vendor: "amd", Model: clip(model), MemMib: bytes >> 20})
	}
	for _, dir := range intelDirs(root) {
		list = append(list, wire.Gpu{
			Index: len(list), Vendor: "intel", Model: clip("Intel GPU " + readText(root, path.Join(dir, "device/device"))), MemMib: intelMem(root, dir) >> 20,
		})
	}
	if len(list) > maxGpus {
		list = list[:maxGpus]
	}
	return list
}

func nvidiaDirs(root fs.FS) []string {
	dirs, _ := fs.Glob(root, "proc/driver/nvidia/gpus/*") // the pattern is sound
	sort.Strings(dirs)
	return dirs
}

// amdDirs lists the devices of the amdgpu driver.
func amdDirs(root fs.FS) []string {
	found, _ := fs.Glob(root, "sys/class/drm/card*/device/gpu_busy_percent") // the pattern is sound
	var dirs []string
	for _, file := range found {
		if dir := path.Dir(file); readText(root, path.Join(dir, "vendor")) == "0x1002" {
			dirs = append(dirs, dir)
		}
	}
	sort.Strings(dirs)
	return dirs
}

// GpuFiles are the device files of each card that is listed in the facts, by its index: `MAJOR:MINOR` of a character device.
// Files that all cards share are not among them.
func GpuFiles(root fs.FS) map[int][]string {
	files := map[int][]string{}
	index := 0
	for _, dir := range nvidiaDirs(root) {
		for _, line := range strings.Split(readText(root, path.Join(dir, "information")), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "Device Minor" {
				files[index] = append(files[index], nvidiaMajor+":"+strings.TrimSpace(value))
			}
		}
		index++
	}
	for _, dir := range append(amdDirs(root), intelDevices(root)...) {
		nodes, _ := fs.Glob(root, path.Join(dir, "drm/*/dev")) // the pattern is sound: cards and render nodes
		for _, node := range nodes {
			files[index] = append(files[index], readText(root, node))
		}
		index++
	}
	return files
}

const nvidiaMajor = "195"

func intelDevices(root fs.FS) []string {
	var dirs []string
	for _, card := range intelDirs(root) {
		dirs = append(dirs, path.Join(card, "device"))
	}
	return dirs
}

// intelDirs lists the cards of Intel that have memory of their own: the graphics inside a processor are none to give away.
func intelDirs(root fs.FS) []string {
	found, _ := fs.Glob(root, "sys/class/drm/card*/device/vendor") // the pattern is sound
	var dirs []string
	for _, file := range found {
		card := path.Dir(path.Dir(file))
		if readText(root, file) == "0x8086" && intelMem(root, card) > 0 {
			dirs = append(dirs, card)
		}
	}
	sort.Strings(dirs)
	return dirs
}

// intelMem knows the names of the drivers xe and i915.
func intelMem(root fs.FS, card string) int64 {
	if bytes, ok := readInt(root, path.Join(card, "lmem_total_bytes")); ok {
		return bytes
	}
	tiles, _ := fs.Glob(root, path.Join(card, "device/tile*/physical_vram_size_bytes")) // the pattern is sound
	sum := int64(0)
	for _, tile := range tiles {
		bytes, _ := readInt(root, tile) // 0 when it is no number
		sum += bytes
	}
	return sum
}

// gpuUse reads the live use of amd cards. Nvidia has it only behind nvidia-smi, which wakes cards, so it is not asked.
func gpuUse(root fs.FS, into []wire.GpuUse, first int) []wire.GpuUse {
	into = into[:0]
	for i, dir := range amdDirs(root) {
		busy, ok := readInt(root, path.Join(dir, "gpu_busy_percent"))
		if !ok {
			continue
		}
		used, _ := readInt(root, path.Join(dir, "mem_info_vram_used")) // 0 where it is not told
		use := wire.GpuUse{Index: first + i, BusyPct: busy, MemUsedMib: used >> 20}
		temps, _ := fs.Glob(root, path.Join(dir, "hwmon/hwmon*/temp1_input")) // the pattern is sound
		if len(temps) > 0 {
			if milli, ok := readInt(root, temps[0]); ok {
				use.MilliC = &milli
			}
		}
		into = append(into, use)
	}
	return into
}
