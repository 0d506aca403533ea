package launch

import (
	"strconv"
	"strings"

	"mesolite/agent/internal/wire"
)

// gpuVariables names the devices of a task in the words of each vendor's runtime. Indexes of the facts count through
// all vendors, those of a runtime only its own cards. A task without a card of a vendor that the machine has is shown
// none of them; on a machine without cards nothing is said.
//
// ROCR_VISIBLE_DEVICES filters first and HIP_VISIBLE_DEVICES counts what it left, so the latter is always 0, 1, ...
func gpuVariables(given []int, cards []wire.Gpu) [][2]string {
	if len(cards) == 0 {
		return nil
	}
	has := map[string]bool{}
	own := map[string][]string{}
	for _, card := range cards {
		index := 0
		for _, other := range cards {
			if other.Vendor == card.Vendor && other.Index < card.Index {
				index++
			}
		}
		has[card.Vendor] = true
		for _, wanted := range given {
			if wanted == card.Index {
				own[card.Vendor] = append(own[card.Vendor], strconv.Itoa(index))
			}
		}
	}
	var list [][2]string
	if has["nvidia"] {
		visible, container := strings.Join(own["nvidia"], ","), strings.Join(own["nvidia"], ",")
		if container == "" {
			container = "void" // its container tools take an empty text for "not said"
		}
		list = append(list, [2]string{"CUDA_VISIBLE_DEVICES", visible}, [2]string{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}, [2]string{"NVIDIA_VISIBLE_DEVICES", container})
	}
	if has["amd"] {
		visible := "-1" // HIP takes an empty text for "all"
		if n := len(own["amd"]); n > 0 {
			visible = countTo(n)
		}
		list = append(list, [2]string{"ROCR_VISIBLE_DEVICES", strings.Join(own["amd"], ",")}, [2]string{"HIP_VISIBLE_DEVICES", visible})
	}
	if len(own["intel"]) > 0 { // there is no word for "none"
		list = append(list, [2]string{"ZE_AFFINITY_MASK", strings.Join(own["intel"], ",")})
	}
	return list
}

func countTo(n int) string {
	var list []string
	for i := 0; i < n; i++ {
		list = append(list, strconv.Itoa(i))
	}
	return strings.Join(list, ",")
}

// deniedOf are the device files of the cards that a task was not given.
func deniedOf(given []int, files map[int][]string) []string {
	var list []string
	for index, numbers := range files {
		own := false
		for _, wanted := range given {
			own = own || wanted == index
		}
		if !own {
			list = append(list, numbers...)
		}
	}
	return list
}
