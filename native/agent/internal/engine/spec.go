package engine

// Spec is a container to be made. Only what is used.
type Spec struct {
	Image        string              `json:"Image"`
	Entrypoint   []string            `json:"Entrypoint"`
	Cmd          []string            `json:"Cmd"`
	Env          []string            `json:"Env"`
	User         string              `json:"User,omitempty"`
	WorkingDir   string              `json:"WorkingDir,omitempty"`
	Labels       map[string]string   `json:"Labels"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	HostConfig   HostConfig          `json:"HostConfig"`
}

// HostConfig is what the machine gives to it.
type HostConfig struct {
	Binds          []string          `json:"Binds"`
	PortBindings   map[string][]Port `json:"PortBindings,omitempty"`
	NetworkMode    string            `json:"NetworkMode"`
	LogConfig      LogConfig         `json:"LogConfig"`
	RestartPolicy  RestartPolicy     `json:"RestartPolicy"`
	CPUShares      int64             `json:"CpuShares,omitempty"`
	CPUPeriod      int64             `json:"CpuPeriod,omitempty"`
	CPUQuota       int64             `json:"CpuQuota,omitempty"`
	Memory         int64             `json:"Memory,omitempty"`
	MemorySwap     int64             `json:"MemorySwap,omitempty"`
	PidsLimit      int64             `json:"PidsLimit,omitempty"`
	Devices        []Device          `json:"Devices,omitempty"`
	DeviceRequests []DeviceRequest   `json:"DeviceRequests,omitempty"`
}

// Port is a port of the machine.
type Port struct {
	HostPort string `json:"HostPort"`
}

// LogConfig names the engine's own log driver.
type LogConfig struct {
	Type string `json:"Type"`
}

// RestartPolicy of the engine: always none, the agent does it.
type RestartPolicy struct {
	Name string `json:"Name"`
}

// Device is a device file, or a name of the container device interface (Podman).
type Device struct {
	PathOnHost        string `json:"PathOnHost"`
	PathInContainer   string `json:"PathInContainer"`
	CgroupPermissions string `json:"CgroupPermissions"`
}

// DeviceRequest is how Docker is asked for GPUs.
type DeviceRequest struct {
	Driver       string     `json:"Driver"`
	DeviceIDs    []string   `json:"DeviceIDs"`
	Capabilities [][]string `json:"Capabilities"`
}
