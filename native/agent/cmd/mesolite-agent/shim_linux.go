package main

import (
	"os"

	"mesolite/agent/internal/shim"
)

func beShim() {
	if len(os.Args) > 0 && os.Args[0] == shim.Name {
		shim.Fallback(os.Args, os.Environ()) // only where the program was linked without the shim's entry
	}
}
