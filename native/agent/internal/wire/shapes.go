package wire

// Shapes shared with electron/contract/{machine,resources,task}.ts. Lists are never null: makers fill them.

// PortRange is inclusive at both ends.
type PortRange struct {
	Begin int64 `json:"begin"`
	End   int64 `json:"end"`
}

// Resources are integers: thousandths of a CPU, MiB.
type Resources struct {
	CpusMilli int64       `json:"cpusMilli"`
	MemMib    int64       `json:"memMib"`
	DiskMib   int64       `json:"diskMib"`
	Gpus      int64       `json:"gpus"`
	Ports     []PortRange `json:"ports"`
}

// EnvVar is one variable of a task's environment.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Command is what a task runs.
type Command struct {
	Shell         bool     `json:"shell"`
	Value         string   `json:"value"`
	Arguments     []string `json:"arguments"`
	Environment   []EnvVar `json:"environment"`
	WorkingFolder *string  `json:"workingFolder"`
	User          *string  `json:"user"`
}

// KillPolicy is how a task is ended.
type KillPolicy struct {
	GraceMs int64 `json:"graceMs"`
}

// Label is a pair of the user's.
type Label struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// TaskInfo is a task as asked.
type TaskInfo struct {
	TaskID     string     `json:"taskId"`
	Name       string     `json:"name"`
	Resources  Resources  `json:"resources"`
	Command    Command    `json:"command"`
	KillPolicy KillPolicy `json:"killPolicy"`
	Labels     []Label    `json:"labels"`

	Limits          *Limits    `json:"limits,omitempty"`
	Restart         *Restart   `json:"restart,omitempty"`
	MaxCompletionMs int64      `json:"maxCompletionMs,omitempty"` // 0: none
	Health          *Check     `json:"health,omitempty"`
	Readiness       *Check     `json:"readiness,omitempty"`
	Artifacts       []Artifact `json:"artifacts,omitempty"`
	Results         []string   `json:"results,omitempty"`
	Container       *Container `json:"container,omitempty"`
	LogMib          int64      `json:"logMib,omitempty"` // 0: the agent's setting

	GpuIndexes []int `json:"-"` // not of the wire: the devices the agent gave it
}

// Status is one status update.
type Status struct {
	TaskID      string  `json:"taskId"`
	State       string  `json:"state"`
	Source      string  `json:"source"`
	Reason      *string `json:"reason"`
	Message     string  `json:"message"`
	TimestampMs int64   `json:"timestampMs"`
	UUID        *string `json:"uuid"`
	ExitCode    *int    `json:"exitCode"`
	Signal      *int    `json:"signal"`

	// What later runs of the same task add; absent when there is nothing to say.
	Restarts      *int             `json:"restarts,omitempty"`
	NextStartAtMs *int64           `json:"nextStartAtMs,omitempty"`
	PeakMemMib    *int64           `json:"peakMemMib,omitempty"`
	LimitMemMib   *int64           `json:"limitMemMib,omitempty"`
	Healthy       *bool            `json:"healthy,omitempty"`
	Ready         *bool            `json:"ready,omitempty"`
	Gpus          []int            `json:"gpus,omitempty"`
	Container     *ContainerStatus `json:"container,omitempty"`
}

// Task states the agent uses.
const (
	StateStaging  = "TASK_STAGING"
	StateStarting = "TASK_STARTING"
	StateRunning  = "TASK_RUNNING"
	StateFinished = "TASK_FINISHED"
	StateFailed   = "TASK_FAILED"
	StateKilled   = "TASK_KILLED"
	StateLost     = "TASK_LOST"

	SourceAgent = "SOURCE_AGENT"

	ReasonLaunchFailed       = "REASON_CONTAINER_LAUNCH_FAILED"
	ReasonAgentRestarted     = "REASON_AGENT_RESTARTED"
	ReasonExecutorTerminated = "REASON_EXECUTOR_TERMINATED"
	ReasonMemoryLimit        = "REASON_CONTAINER_LIMITATION_MEMORY"
	ReasonDiskLimit          = "REASON_CONTAINER_LIMITATION_DISK"
	ReasonMaxCompletionTime  = "REASON_MAX_COMPLETION_TIME_REACHED"
	ReasonHealthCheck        = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
	ReasonCheck              = "REASON_TASK_CHECK_STATUS_UPDATED"
)

// Disk is a real file system.
type Disk struct {
	Mount    string `json:"mount"`
	Device   string `json:"device"`
	TotalMib int64  `json:"totalMib"`
}

// Gpu is a graphics or compute card.
type Gpu struct {
	Index  int    `json:"index"`
	Vendor string `json:"vendor"`
	Model  string `json:"model"`
	MemMib int64  `json:"memMib"`
}

// Address is one address of an interface.
type Address struct {
	Iface string `json:"iface"`
	Mac   string `json:"mac"`
	IP    string `json:"ip"`
}

// Facts say what the machine is.
type Facts struct {
	Hostname  string     `json:"hostname"`
	OS        string     `json:"os"`
	Kernel    string     `json:"kernel"`
	Arch      string     `json:"arch"`
	CPUModel  string     `json:"cpuModel"`
	Cpus      int        `json:"cpus"`
	MemMib    int64      `json:"memMib"`
	SwapMib   int64      `json:"swapMib"`
	Disks     []Disk     `json:"disks"`
	Gpus      []Gpu      `json:"gpus"`
	Isolation *Isolation `json:"isolation,omitempty"`
	Engines   []Engine   `json:"engines,omitempty"`
	BootID    string     `json:"bootId"`
	MachineID string     `json:"machineId"`
	Addresses []Address  `json:"addresses"`
	Cgroup    string     `json:"cgroup"`
	User      string     `json:"user"`
	UID       int        `json:"uid"`
	Boot      string     `json:"boot"`
}

// DiskUse is the fill of one disk of the facts.
type DiskUse struct {
	Mount    string `json:"mount"`
	TotalMib int64  `json:"totalMib"`
	UsedMib  int64  `json:"usedMib"`
}

// Temp is one sensor.
type Temp struct {
	Name   string `json:"name"`
	MilliC int64  `json:"milliC"`
}

// GpuUse is the use of one GPU.
type GpuUse struct {
	Index      int    `json:"index"`
	BusyPct    int64  `json:"busyPct"`
	MemUsedMib int64  `json:"memUsedMib"`
	MilliC     *int64 `json:"milliC"`
}

// TaskUse is the use of one running task.
type TaskUse struct {
	TaskID       string `json:"taskId"`
	CPUBusyMilli int64  `json:"cpuBusyMilli"`
	MemUsedMib   int64  `json:"memUsedMib"`
	Pids         int64  `json:"pids"`
}

// Sample says what the machine uses now.
type Sample struct {
	Seq              int64     `json:"seq"`
	AtMs             int64     `json:"atMs"`
	CPUBusyMilli     int64     `json:"cpuBusyMilli"`
	PerCPU           []int64   `json:"perCpu"`
	MemTotalMib      int64     `json:"memTotalMib"`
	MemUsedMib       int64     `json:"memUsedMib"`
	SwapUsedMib      int64     `json:"swapUsedMib"`
	Disks            []DiskUse `json:"disks"`
	DiskReadBytesPS  int64     `json:"diskReadBytesPerS"`
	DiskWriteBytesPS int64     `json:"diskWriteBytesPerS"`
	NetRxBytesPS     int64     `json:"netRxBytesPerS"`
	NetTxBytesPS     int64     `json:"netTxBytesPerS"`
	Load             []int64   `json:"load"`
	Temps            []Temp    `json:"temps"`
	Gpus             []GpuUse  `json:"gpus"`
	Tasks            []TaskUse `json:"tasks"`
}
