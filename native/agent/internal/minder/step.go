package minder

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"mesolite/agent/internal/shim"
)

// Descriptors of the step.
const (
	fdTell = 3 // two bytes: the step that failed, and why; its end says that the task runs
	fdEnv  = 4
)

// step becomes the task. It returns only on failure, which it has told.
func step(argv []string) int {
	syscall.CloseOnExec(fdTell)
	syscall.CloseOnExec(fdEnv)
	args, ok := shim.ParseArgs(argv)
	if !ok {
		return exitArguments
	}
	failed, err := become(args)
	_, _ = syscall.Write(fdTell, []byte{byte(failed), byte(number(err))})
	return 127
}

func become(args shim.Args) (failed int, err error) {
	env, err := readEnvironment()
	if err != nil {
		return shim.StepExec, syscall.EIO
	}
	if err := syscall.Chdir(args.Sandbox); err != nil {
		return shim.StepSandbox, err
	}
	if err := setLimits(args.Limits); err != nil {
		return shim.StepLimits, err
	}
	if err := becomeUser(args); err != nil {
		return shim.StepUser, err
	}
	if args.Folder != "" {
		if err := syscall.Chdir(args.Folder); err != nil {
			return shim.StepFolder, err
		}
	}
	syscall.Umask(0o22)
	return shim.StepExec, execute(args, env)
}

func readEnvironment() ([]string, error) {
	file := os.NewFile(fdEnv, "environment")
	data, err := io.ReadAll(io.NewSectionReader(file, 0, 1<<30))
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, variable := range strings.Split(string(data), "\x00") {
		if variable != "" {
			list = append(list, variable)
		}
	}
	return list, nil
}

// setLimits takes `RESOURCE=SOFT` (the hard limit stays) and `RESOURCE!BOTH`, separated by commas. None is ever raised
// above the hard limit that is there.
func setLimits(list string) error {
	for _, one := range strings.Split(list, ",") {
		at := strings.IndexAny(one, "=!")
		if at < 0 {
			continue
		}
		resource, err1 := strconv.Atoi(one[:at])
		value, err2 := strconv.ParseUint(one[at+1:], 10, 64)
		var limit syscall.Rlimit
		if err1 != nil || err2 != nil {
			return syscall.EINVAL
		}
		if err := syscall.Getrlimit(resource, &limit); err != nil {
			return err
		}
		if value > limit.Max {
			value = limit.Max
		}
		limit.Cur = value
		if one[at] == '!' {
			limit.Max = value
		}
		if err := syscall.Setrlimit(resource, &limit); err != nil {
			return err
		}
	}
	return nil
}

// becomeUser gives up everything that the task's user does not have. Order matters: each step needs what the next one
// takes away.
func becomeUser(args shim.Args) error {
	if args.UID == "-" {
		return nil
	}
	uid, err1 := strconv.Atoi(args.UID)
	gid, err2 := strconv.Atoi(args.GID)
	if err1 != nil || err2 != nil || uid <= 0 && args.UID != "0" {
		return syscall.EINVAL
	}
	groups := []int{}
	for _, text := range strings.Split(args.Groups, ",") {
		if group, err := strconv.Atoi(text); err == nil && len(groups) < maxGroups {
			groups = append(groups, group)
		}
	}
	if err := syscall.Setgroups(groups); err != nil {
		return err
	}
	if err := syscall.Setgid(gid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}

// execute is execve, or execvp without the shell fallback.
func execute(args shim.Args, env []string) error {
	if args.Flags&shim.FlagSearchPath == 0 || strings.Contains(args.File, "/") {
		return syscall.Exec(args.File, args.Task, env)
	}
	found := error(syscall.ENOENT)
	for _, folder := range strings.Split(pathOf(env), ":") {
		if folder == "" {
			continue
		}
		err := syscall.Exec(folder+"/"+args.File, args.Task, env)
		switch err {
		case syscall.ENOENT, syscall.ENOTDIR:
		case syscall.EACCES:
			found = err
		default:
			return err
		}
	}
	return found
}

func pathOf(env []string) string {
	for _, variable := range env {
		if strings.HasPrefix(variable, "PATH=") {
			return variable[len("PATH="):]
		}
	}
	return ""
}
