package container

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Where things of ours are in a container. The folder is read-only there; what goes through its fifos is not.
const (
	insideFolder  = "/.mesolite"
	insideProgram = insideFolder + "/init"
	insideRun     = "/.mesolite-run"
	// InsideSandbox is where Mesos has the sandbox too.
	InsideSandbox = "/mnt/mesos/sandbox"
	// Inside is the argument that makes our program the first one of a container.
	Inside = "inside"
)

// Codes of a container whose task did not become its own program. The words are in the file `run`.
const (
	codeCannotStart = 127
	codeRanAlready  = 125
)

// RunInside is the first program of a container: it takes the fifos as standard output and error and becomes the task,
// which so is process 1 as its image expects. It runs a task at most once, however often the container is started:
// whoever finds the file `run` empty may go on. Its arguments are the file of the task and the task's argv. It returns
// only when it could not.
func RunInside(args []string) int {
	run, err := syscall.Open(insideRun, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return codeCannotStart
	}
	var old [1]byte
	if n, err := syscall.Read(run, old[:]); n != 0 || err != nil {
		return codeRanAlready
	}
	say := func(words string) int {
		_, _ = syscall.Pwrite(run, []byte(words), 0) // the exit code tells the rest
		return codeCannotStart
	}
	if _, err := syscall.Write(run, []byte("S\n")); err != nil {
		return say("E cannot write to its folder: " + err.Error() + "\n")
	}
	for i, name := range []string{"out", "err"} {
		// Both ends: so there is always a reader, and nothing is lost or cut off while the pump is replaced.
		fd, err := syscall.Open(insideFolder+"/"+name, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
		if err == nil {
			err = syscall.Dup3(fd, i+1, 0)
		}
		if err != nil {
			return say("E cannot open its log: " + err.Error() + "\n")
		}
	}
	if len(args) < 2 {
		return say("E the image names no command, and the task gives none\n")
	}
	path, err := exec.LookPath(args[0])
	if err == nil {
		err = syscall.Exec(path, args[1:], os.Environ())
	}
	return say("E " + startWords(args[0], err) + "\n")
}

// startWords are those that a task outside a container gets too.
func startWords(program string, err error) string {
	cause := err
	if wrapped, ok := err.(*exec.Error); ok {
		cause = wrapped.Err
	}
	if cause == exec.ErrNotFound || (cause == syscall.ENOENT && !strings.Contains(program, "/")) {
		return program + ": command not found"
	}
	if path, ok := cause.(*os.PathError); ok {
		cause = path.Err
	}
	if _, statErr := os.Stat(program); cause == syscall.ENOENT && statErr == nil {
		return program + ": its interpreter does not exist"
	}
	return program + ": " + cause.Error()
}
