//go:build !linux

package spool

import (
	"errors"
	"os"
)

var errNotHere = errors.New("no blocks ahead on this system")

func datasync(file *os.File) error { return file.Sync() }

// allocate is not known here.
func allocate(*os.File, int64, int64) error { return errNotHere }

// writesInPlace: nobody says so here.
func writesInPlace(*os.File) bool { return false }
