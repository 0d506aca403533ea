//go:build !linux

package cgroup

import "syscall"

type filters map[string]int

func (filters) attach(string, []string) error { return syscall.ENOSYS }
