//go:build !linux

package spool

import "os"

func datasync(file *os.File) error { return file.Sync() }
