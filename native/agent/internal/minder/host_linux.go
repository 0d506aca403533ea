package minder

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Only the tests run it here: on Linux each task has a shim.
const (
	maxGroups = 64
	rssPerKib = 1
)

func startTime(pid int) int64 {
	start, _ := strconv.ParseInt(field("/proc/"+strconv.Itoa(pid)+"/stat", 22), 10, 64) // 0: gone
	return start
}

// othersIn counts what lives in a group besides its first process.
func othersIn(group int) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is sound
	for _, file := range files {
		if file != "/proc/"+strconv.Itoa(group)+"/stat" && field(file, 5) == strconv.Itoa(group) && field(file, 3) != "Z" {
			n++
		}
	}
	return n
}

func field(file string, number int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < number-2 {
		return ""
	}
	return fields[number-3]
}
