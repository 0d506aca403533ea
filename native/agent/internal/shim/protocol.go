package shim

// Name is argv[0] of a shim.
const Name = "mesolite-shim"

// Positions in argv, after Name. The rest is the argv of the task; the environment is the task's own.
const (
	argVersion = 1 + iota
	argUID
	argGID
	argGroups
	argSandbox
	argFolder
	argFlags
	argLimits
	argOom
	argJoins
	argLogCap // bytes of each log; 0: no cap
	argFile
	ArgCount // first argument of the task
)

// InterfaceVersion is argv[1].
const InterfaceVersion = "3"

// Flags of argv[argFlags].
const (
	FlagSearchPath = 1 << iota // look for the file in PATH
	FlagCgroupKill             // FdCgroup is cgroup.kill (v2) and FdCgroup+1 the folder of the group
	FlagFreezer                // FdCgroup is freezer.state (v1) and FdCgroup+1 its cgroup.procs
	FlagNoNewPrivs             // set no_new_privs
	FlagWithAgent              // a probe: it ends with the agent, and `run` may be there from the one before
	FlagCarry                  // the task writes into pipes, and the shim into the logs
)

// File descriptors a shim is started with.
const (
	FdAlive  = 3 // write end of the fifo `alive`: its end of file tells that the shim is gone
	FdCtl    = 4 // both ends of the fifo `ctl`: commands from the agent
	FdFolder = 5 // the task's folder
	FdCgroup = 6 // see the flags; then the files to join by
	extraFds = 2 // with one of the cgroup flags: what comes before the files to join by
)

// Starter is argv[1] of a starter: a process that makes shims. It says 1 on FdStarter when it works; then each message
// there is one shim (the number of arguments in two bytes, low one first, then arguments and environment, a NUL after
// each) and comes with its descriptors. Arguments after the state folder only make room for those of a shim.
const (
	Starter      = "starter"
	FdStarter    = 3
	StarterBytes = 60 << 10
	StarterWords = 1600
	StarterFds   = 32
)

// Steps that can fail before the task runs.
const (
	StepMarker = 1 + iota
	StepFork
	StepCgroup
	StepUser
	StepSandbox
	StepFolder
	StepExec
	StepLimits
)

// NextName is an empty file that becomes `run`, in a folder that was used before.
const NextName = "next"

// The file `run` in the task's folder: it exists once the task may have run. Its first RecordAt bytes are the mark
// `S pid start`, filled up with spaces and a line break; the exit record follows at RecordAt once there is one.
const (
	RecordAt   = 64
	RecordSize = 320
)
