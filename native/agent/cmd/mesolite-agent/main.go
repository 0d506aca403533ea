// Command mesolite-agent is the agent of Mesolite on a machine: one file, no dependencies, no TCP port.
// This package reads the command line; everything else is in internal.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mesolite/agent/internal/container"
	"mesolite/agent/internal/errand"
)

// version is set by the build (-ldflags "-X main.version=...").
var version = "0.2.0"

// Exit codes: 0 done, 1 failed, 2 bad command line, 3 no daemon.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitNoAgent = 3
)

const usage = `mesolite-agent: runs the tasks of Mesolite on this machine

  daemon    --dir DIR [--foreground] [--capacity cpus=N,mem=MIB,disk=MIB,gpus=N@FIRST,ports=A-B+C-D] [--reserve ...]   start the agent
  attach    --dir DIR [--start]      join standard input and output to the agent
  status    --dir DIR [--json]       what the agent does
  stop      --dir DIR [--tasks keep|stop]   end the agent; its tasks run on (keep) or are ended first (stop)
  selftest  --dir DIR                can this machine run the agent? one line of JSON
  boot      --dir DIR install|remove|show   start at boot
  upgrade   --dir DIR                run from the new file: put it in place, restart, roll back if it fails
  version   [--json]
`

func main() {
	beShim()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

type command func(args []string, in io.Reader, out, errOut io.Writer) int

func run(args []string, in io.Reader, out, errOut io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errOut, usage)
		return exitUsage
	}
	commands := map[string]command{
		"daemon": daemonCommand, "attach": attachCommand, "status": statusCommand, "stop": stopCommand,
		errand.Command: errandCommand, "selftest": selftestCommand, "boot": bootCommand, "upgrade": upgradeCommand, "version": versionCommand,
		container.Inside: insideCommand, container.InsideProber: proberCommand, container.Pump: pumpCommand,
	}
	if found, ok := commands[args[0]]; ok {
		return found(args[1:], in, out, errOut)
	}
	if args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Fprint(out, usage)
		return 0
	}
	fmt.Fprintf(errOut, "mesolite-agent: unknown command %q\n\n%s", args[0], usage)
	return exitUsage
}

// newFlags makes the flags of a command; --dir is common to most.
func newFlags(name string, errOut io.Writer) (*flag.FlagSet, *string) {
	flags := flag.NewFlagSet("mesolite-agent "+name, flag.ContinueOnError)
	flags.SetOutput(errOut)
	return flags, flags.String("dir", "", "state folder (absolute)")
}

// parseDir reads the command line of a command that works in a state folder. A false has said why not.
func parseDir(flags *flag.FlagSet, given *string, args []string) (dir string, ok bool) {
	if flags.Parse(args) != nil {
		return "", false
	}
	if *given == "" {
		fmt.Fprintln(flags.Output(), "mesolite-agent: --dir is required")
		return "", false
	}
	dir, err := filepath.Abs(*given)
	if err != nil {
		fmt.Fprintf(flags.Output(), "mesolite-agent: %v\n", err)
		return "", false
	}
	return dir, true
}

func codeOf(ok bool) int {
	if ok {
		return 0
	}
	return exitFailed
}

func fail(errOut io.Writer, err error) int {
	fmt.Fprintf(errOut, "mesolite-agent: %v\n", err)
	return exitFailed
}
