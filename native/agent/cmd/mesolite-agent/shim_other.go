//go:build !linux

package main

import (
	"os"

	"mesolite/agent/internal/minder"
)

func beShim() {
	if len(os.Args) > 0 && minder.Wants(os.Args[0]) {
		minder.Run(os.Args) // it does not return
	}
}
