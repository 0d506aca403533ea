package sysinfo

import (
	"reflect"
	"testing"
)

func TestCardsOfIntelCountOnlyWithMemoryOfTheirOwn(t *testing.T) {
	root := files(
		"proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: RTX\n",
		"sys/class/drm/card0/device/vendor", "0x8086\n", // inside the processor
		"sys/class/drm/card1/device/vendor", "0x8086\n", "sys/class/drm/card1/device/device", "0x56a0\n",
		"sys/class/drm/card1/lmem_total_bytes", "17179869184\n",
		"sys/class/drm/card2/device/vendor", "0x8086\n", "sys/class/drm/card2/device/device", "0xe20b\n",
		"sys/class/drm/card2/device/tile0/physical_vram_size_bytes", "0x200000000\n",
		"sys/class/drm/card2/device/tile1/physical_vram_size_bytes", "0x100000000\n",
		"sys/class/drm/card3/device/vendor", "0x1a03\n", // a picture of the console
	)
	got := gpusOf(root, nil)
	if len(got) != 3 || got[1].Vendor != "intel" || got[1].Index != 1 || got[1].MemMib != 16384 || got[1].Model != "Intel GPU 0x56a0" || got[2].MemMib != 12288 || got[2].Index != 2 {
		t.Errorf("%+v", got)
	}
}

func TestTheFilesOfEachCardAreKnown(t *testing.T) {
	root := files(
		"proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: RTX\nDevice Minor: \t 1\n",
		"proc/driver/nvidia/gpus/0000:02:00.0/information", "Model: RTX\nDevice Minor: \t 0\n",
		"sys/class/drm/card2/device/vendor", "0x1002\n", "sys/class/drm/card2/device/gpu_busy_percent", "0\n",
		"sys/class/drm/card2/device/drm/card2/dev", "226:2\n", "sys/class/drm/card2/device/drm/renderD130/dev", "226:130\n",
	)
	want := map[int][]string{0: {"195:1"}, 1: {"195:0"}, 2: {"226:2", "226:130"}}
	if got := GpuFiles(root); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
