package wire

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path"
	"strings"
)

// Shapes shared with electron/contract/task-life.ts.

// Ceiling is a limit that may be absent (not Set), null (Set and None) or a number.
type Ceiling struct {
	Set   bool
	None  bool
	Value int64
}

// UnmarshalJSON takes a number or null.
func (c *Ceiling) UnmarshalJSON(data []byte) error {
	c.Set, c.None = true, bytes.Equal(data, []byte("null"))
	if c.None {
		return nil
	}
	return json.Unmarshal(data, &c.Value)
}

// MarshalJSON writes what UnmarshalJSON reads; a ceiling that is not set is null, as nothing can be left out here.
func (c Ceiling) MarshalJSON() ([]byte, error) {
	if !c.Set || c.None {
		return []byte("null"), nil
	}
	return json.Marshal(c.Value)
}

// Limits are ceilings above the request.
type Limits struct {
	CpusMilli Ceiling `json:"cpusMilli"`
	MemMib    Ceiling `json:"memMib"`
	Pids      Ceiling `json:"pids"`
}

// When a task is started again.
const (
	RestartNever   = "never"
	RestartFailure = "failure"
	RestartAlways  = "always"
)

// Restart is carried out by the agent alone. MaxInRow nil: never give up.
type Restart struct {
	On       string `json:"on"`
	MaxInRow *int64 `json:"maxInRow"`
}

// Kinds of probes.
const (
	ProbeCommand = "command"
	ProbeHTTP    = "http"
	ProbeTCP     = "tcp"
)

// Probe is one way to ask a task how it is.
type Probe struct {
	Kind string `json:"kind"`
	Line string `json:"line,omitempty"` // command
	Port int    `json:"port,omitempty"` // http, tcp
	Path string `json:"path,omitempty"` // http
}

// Check is a probe with its timing.
type Check struct {
	Probe      Probe `json:"probe"`
	DelayMs    int64 `json:"delayMs"`
	IntervalMs int64 `json:"intervalMs"`
	TimeoutMs  int64 `json:"timeoutMs"`
	Failures   int   `json:"failures"`
	GraceMs    int64 `json:"graceMs"`
}

// Artifact is a file that is put into the sandbox before the start.
type Artifact struct {
	URL        *string `json:"url"`
	SHA256     *string `json:"sha256"`
	Path       string  `json:"path"`
	Extract    bool    `json:"extract"`
	Executable bool    `json:"executable"`
}

// ResultFile is a file that matched a result pattern.
type ResultFile struct {
	Path      string `json:"path"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
}

// Container engines.
const (
	EngineDocker = "docker"
	EnginePodman = "podman"
)

// Container is a task in a container of Docker or Podman.
type Container struct {
	Engine  *string         `json:"engine"`
	Image   string          `json:"image"`
	Pull    string          `json:"pull"` // missing, always, never
	Volumes []Volume        `json:"volumes"`
	Ports   []PublishedPort `json:"ports"`
	Network string          `json:"network"` // bridge, host, none
}

// Volume is a folder of the machine, or a named volume, in a container.
type Volume struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly"`
}

// PublishedPort is a port of the machine that leads into a container.
type PublishedPort struct {
	Host      int    `json:"host"`
	Container int    `json:"container"`
	Protocol  string `json:"protocol"`
}

// ContainerStatus names the container of a task.
type ContainerStatus struct {
	Engine  string `json:"engine"`
	ID      string `json:"id"`
	ImageID string `json:"imageId"`
}

// Engine is a container engine that answers.
type Engine struct {
	Engine   string `json:"engine"`
	Version  string `json:"version"`
	Rootless bool   `json:"rootless"`
}

// Isolation says what each kind of limit is worth on this machine. The words are those of the contract.
type Isolation struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	Pids   string `json:"pids"`
	Disk   string `json:"disk"`
	GPU    string `json:"gpu"`
	Kill   string `json:"kill"`
	Users  bool   `json:"users"`
}

func (t *TaskInfo) lifeProblem() (field, why string) {
	if l := t.Limits; l != nil {
		switch {
		case l.CpusMilli.bad(10, 1_024_000):
			return "limits.cpusMilli", "must be 10 to 1024000, or null"
		case l.MemMib.bad(1, 16_777_216):
			return "limits.memMib", "must be 1 to 16777216, or null"
		case l.Pids.bad(1, 4_194_304):
			return "limits.pids", "must be 1 to 4194304, or null"
		}
	}
	if r := t.Restart; r != nil {
		switch {
		case r.On != RestartNever && r.On != RestartFailure && r.On != RestartAlways:
			return "restart.on", "must be never, failure or always"
		case r.MaxInRow != nil && (*r.MaxInRow < 1 || *r.MaxInRow > 1_000_000):
			return "restart.maxInRow", "must be 1 to 1000000, or null"
		}
	}
	if t.MaxCompletionMs != 0 && (t.MaxCompletionMs < 100 || t.MaxCompletionMs > 31_536_000_000) {
		return "maxCompletionMs", "must be 100 to 31536000000"
	}
	if t.LogMib < 0 || t.LogMib > 1_048_576 {
		return "logMib", "must be 1 to 1048576"
	}
	if field, why := t.Health.problem("health"); field != "" {
		return field, why
	}
	if field, why := t.Readiness.problem("readiness"); field != "" {
		return field, why
	}
	if len(t.Artifacts) > 64 || len(t.Results) > 64 {
		return "artifacts", "at most 64 artifacts and 64 results"
	}
	for _, a := range t.Artifacts {
		if field, why := a.problem(); field != "" {
			return field, why
		}
	}
	for _, pattern := range t.Results {
		if !relative(pattern) {
			return "results", "must be patterns inside the sandbox"
		}
		if _, err := path.Match(pattern, ""); err != nil {
			return "results", "bad pattern " + pattern
		}
	}
	return t.Container.problem()
}

func (c Ceiling) bad(least, most int64) bool {
	return c.Set && !c.None && (c.Value < least || c.Value > most)
}

func (c *Check) problem(field string) (string, string) {
	if c == nil {
		return "", ""
	}
	switch {
	case c.DelayMs < 0 || c.DelayMs > 3_600_000 || c.GraceMs < 0 || c.GraceMs > 3_600_000:
		return field, "delayMs and graceMs must be 0 to 3600000"
	case c.IntervalMs < 100 || c.IntervalMs > 3_600_000:
		return field + ".intervalMs", "must be 100 to 3600000"
	case c.TimeoutMs < 100 || c.TimeoutMs > 600_000:
		return field + ".timeoutMs", "must be 100 to 600000"
	case c.Failures < 1 || c.Failures > 1000:
		return field + ".failures", "must be 1 to 1000"
	}
	p := c.Probe
	switch p.Kind {
	case ProbeCommand:
		if p.Line == "" || len(p.Line) > maxText || strings.IndexByte(p.Line, 0) >= 0 {
			return field + ".probe.line", "must have 1 to 65536 characters"
		}
	case ProbeHTTP:
		if !strings.HasPrefix(p.Path, "/") || len(p.Path) > 2048 {
			return field + ".probe.path", "must begin with /"
		}
		fallthrough
	case ProbeTCP:
		if p.Port < 1 || p.Port > 65535 {
			return field + ".probe.port", "must be 1 to 65535"
		}
	default:
		return field + ".probe.kind", "must be command, http or tcp"
	}
	return "", ""
}

// relative tells whether a path stays inside the folder it is relative to, as far as its text tells.
func relative(p string) bool {
	if p == "" || len(p) > 1024 || p[0] == '/' || strings.IndexByte(p, 0) >= 0 {
		return false
	}
	for _, part := range strings.Split(p, "/") {
		if part == ".." {
			return false
		}
	}
	return true
}

// ValidSHA256 tells whether a text is a SHA-256 in lower-case hex. It is also what makes it safe as a file name.
func ValidSHA256(text string) bool {
	if len(text) != 64 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (a *Artifact) problem() (field, why string) {
	switch {
	case a.URL == nil && a.SHA256 == nil:
		return "artifacts", "needs a url or a hash"
	case a.SHA256 != nil && !ValidSHA256(*a.SHA256):
		return "artifacts.sha256", "not a SHA-256 in hex"
	case !relative(a.Path):
		return "artifacts.path", "must be a path inside the sandbox"
	}
	if a.URL != nil {
		u, err := url.Parse(*a.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || len(*a.URL) > 4096 {
			return "artifacts.url", "must be an http or https address"
		}
	}
	return "", ""
}

func (c *Container) problem() (field, why string) {
	if c == nil {
		return "", ""
	}
	switch {
	case c.Engine != nil && *c.Engine != EngineDocker && *c.Engine != EnginePodman:
		return "container.engine", "must be docker or podman"
	case !validImage(c.Image):
		return "container.image", "not an image name"
	case c.Pull != "missing" && c.Pull != "always" && c.Pull != "never":
		return "container.pull", "must be missing, always or never"
	case c.Network != "bridge" && c.Network != "host" && c.Network != "none":
		return "container.network", "must be bridge, host or none"
	case len(c.Volumes) > 64 || len(c.Ports) > 256:
		return "container", "at most 64 volumes and 256 ports"
	}
	for _, v := range c.Volumes {
		if v.Source == "" || len(v.Source) > 4096 || len(v.Target) < 2 || len(v.Target) > 4096 || v.Target[0] != '/' || strings.ContainsAny(v.Source+v.Target, "\x00:") {
			return "container.volumes", "needs a source and an absolute target without colons"
		}
	}
	for _, p := range c.Ports {
		if p.Host < 1 || p.Host > 65535 || p.Container < 1 || p.Container > 65535 || (p.Protocol != "tcp" && p.Protocol != "udp") {
			return "container.ports", "must be 1 to 65535, tcp or udp"
		}
	}
	return "", ""
}

func validImage(name string) bool {
	if name == "" || len(name) > 512 {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._-/:@", rune(c))) {
			return false
		}
	}
	return true
}
