package shim

import "strconv"

// Args is what a shim is asked, for those that read it under the Go runtime.
type Args struct {
	UID     string // "-": the one it has
	GID     string
	Groups  string
	Sandbox string
	Folder  string
	Flags   int
	Limits  string
	File    string
	Task    []string // the argv of the task
}

// ParseArgs reads the argv of a shim; false when it was not made for this version.
func ParseArgs(argv []string) (Args, bool) {
	if len(argv) <= ArgCount || argv[argVersion] != InterfaceVersion {
		return Args{}, false
	}
	flags, err := strconv.Atoi(argv[argFlags])
	if err != nil {
		return Args{}, false
	}
	return Args{
		UID: argv[argUID], GID: argv[argGID], Groups: argv[argGroups], Sandbox: argv[argSandbox], Folder: argv[argFolder],
		Flags: flags, Limits: argv[argLimits], File: argv[argFile], Task: argv[ArgCount:],
	}, true
}
