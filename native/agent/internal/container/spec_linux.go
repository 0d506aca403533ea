package container

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/launch"
	"mesolite/agent/internal/wire"
)

// specOf is what the engine is asked to make.
func (r *Runner) specOf(info wire.TaskInfo, run int, image *engine.Image, client *engine.Client) *engine.Spec {
	c, folder := info.Container, r.runDir(info.TaskID, run)
	spec := &engine.Spec{
		Image: c.Image, Entrypoint: []string{insideProgram, Inside}, Cmd: commandOf(info.Command, image),
		Env: environment(info), Labels: map[string]string{
			LabelAgent: r.AgentID, LabelTask: info.TaskID, LabelRun: strconv.Itoa(run),
		},
		HostConfig: engine.HostConfig{
			// z: where SELinux guards containers, these are labelled for them; elsewhere it means nothing.
			Binds: []string{
				filepath.Join(folder, "io") + ":" + insideFolder + ":ro,z",
				filepath.Join(folder, "run") + ":" + insideRun + ":z",
				filepath.Join(r.taskDir(info.TaskID), "sandbox") + ":" + InsideSandbox + ":z",
			},
			NetworkMode: c.Network, LogConfig: engine.LogConfig{Type: "none"}, RestartPolicy: engine.RestartPolicy{Name: "no"},
		},
	}
	if info.Command.User != nil {
		spec.User = *info.Command.User
	}
	if info.Command.WorkingFolder != nil {
		spec.WorkingDir = *info.Command.WorkingFolder
	}
	for _, v := range c.Volumes {
		bind := v.Source + ":" + v.Target
		if v.ReadOnly {
			bind += ":ro"
		}
		spec.HostConfig.Binds = append(spec.HostConfig.Binds, bind)
	}
	if c.Network == "bridge" { // elsewhere there is nothing to publish
		publish(spec, c.Ports)
	}
	limit(&spec.HostConfig, info)
	r.giveGpus(&spec.HostConfig, info.GpuIndexes, client)
	return spec
}

// commandOf gives the file of the task and its argv. An empty command is the image's own; arguments then take the
// place of the image's.
func commandOf(c wire.Command, image *engine.Image) []string {
	argv := c.Arguments
	switch {
	case c.Value != "" && c.Shell:
		argv = []string{"sh", "-c", c.Value}
	case c.Value != "" && len(argv) == 0:
		argv = []string{c.Value}
	case c.Value == "":
		if len(argv) == 0 {
			argv = image.Config.Cmd
		}
		argv = append(append([]string{}, image.Config.Entrypoint...), argv...)
	}
	if len(argv) == 0 {
		return []string{}
	}
	file := argv[0]
	if c.Value != "" && !c.Shell {
		file = c.Value
	}
	return append([]string{file}, argv...)
}

func environment(info wire.TaskInfo) []string {
	given := map[string]bool{}
	list := []string{}
	for _, v := range info.Command.Environment {
		if !given[v.Name] {
			list = append(list, v.Name+"="+v.Value)
		}
		given[v.Name] = true
	}
	for _, v := range [][2]string{{"MESOS_SANDBOX", InsideSandbox}, {"MESOS_TASK_ID", info.TaskID}} {
		if !given[v[0]] {
			list = append(list, v[0]+"="+v[1])
		}
	}
	return list
}

func publish(spec *engine.Spec, ports []wire.PublishedPort) {
	if len(ports) == 0 {
		return
	}
	spec.ExposedPorts = map[string]struct{}{}
	spec.HostConfig.PortBindings = map[string][]engine.Port{}
	for _, p := range ports {
		name := strconv.Itoa(p.Container) + "/" + p.Protocol
		spec.ExposedPorts[name] = struct{}{}
		spec.HostConfig.PortBindings[name] = append(spec.HostConfig.PortBindings[name], engine.Port{HostPort: strconv.Itoa(p.Host)})
	}
}

const (
	cpuPeriodUs = 100_000
	minShares   = 2
	maxShares   = 262_144
	// minPids is what our first program needs for a moment before it becomes the task.
	minPids = 16
)

func limit(host *engine.HostConfig, info wire.TaskInfo) {
	limits := launch.LimitsOf(info)
	host.CPUShares = limits.CPUMilli * 1024 / 1000
	if host.CPUShares < minShares {
		host.CPUShares = minShares
	}
	if host.CPUShares > maxShares {
		host.CPUShares = maxShares
	}
	if limits.CPUQuotaMilli > 0 {
		host.CPUPeriod, host.CPUQuota = cpuPeriodUs, limits.CPUQuotaMilli*(cpuPeriodUs/1000)
	}
	if limits.MemMib > 0 {
		host.Memory = limits.MemMib << 20
		host.MemorySwap = host.Memory // the same: no swap beyond it
	}
	if host.PidsLimit = limits.Pids; host.PidsLimit < minPids {
		host.PidsLimit = minPids
	}
}

// giveGpus asks for the devices that the agent chose. Indexes of the facts count through all vendors.
func (r *Runner) giveGpus(host *engine.HostConfig, indexes []int, client *engine.Client) {
	if len(indexes) == 0 || r.Cards == nil {
		return
	}
	var nvidia []string
	isAmd := false
	count := map[string]int{}
	for _, card := range r.Cards() {
		own := count[card.Vendor]
		count[card.Vendor]++
		for _, index := range indexes {
			if index == card.Index && card.Vendor == "nvidia" {
				nvidia = append(nvidia, strconv.Itoa(own))
			}
			isAmd = isAmd || index == card.Index && card.Vendor == "amd"
		}
	}
	switch {
	case len(nvidia) > 0 && client.About.Engine == wire.EnginePodman:
		for _, id := range nvidia {
			host.Devices = append(host.Devices, engine.Device{PathOnHost: "nvidia.com/gpu=" + id})
		}
	case len(nvidia) > 0:
		host.DeviceRequests = []engine.DeviceRequest{{Driver: "nvidia", DeviceIDs: nvidia, Capabilities: [][]string{{"gpu"}}}}
	}
	if isAmd { // its runtime has no request: the devices themselves
		for _, path := range []string{"/dev/kfd", "/dev/dri"} {
			host.Devices = append(host.Devices, engine.Device{PathOnHost: path, PathInContainer: path, CgroupPermissions: "rwm"})
		}
	}
}

// folders makes what a run needs: its fifos with our program beside them, the file `run`, empty, and the sandbox.
func (r *Runner) folders(info wire.TaskInfo, run int) error {
	task, folder := r.taskDir(info.TaskID), r.runDir(info.TaskID, run)
	sandbox := filepath.Join(task, "sandbox")
	for _, path := range []string{task, folder, sandbox} {
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	// Whoever the container's user is: the folder of the task keeps all others of this machine out.
	if err := os.Chmod(task, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(sandbox, 0o777); err != nil {
		return err
	}
	inside := filepath.Join(folder, "io")
	if err := os.RemoveAll(inside); err != nil {
		return err
	}
	if err := makeOpen(inside); err != nil {
		return err
	}
	for _, name := range []string{"out", "err", "ask", "answer"} {
		if err := makeFifo(filepath.Join(inside, name), 0o666); err != nil {
			return err
		}
	}
	program, err := r.ownProgram()
	if err != nil {
		return err
	}
	if err := os.Link(program, filepath.Join(inside, "init")); err != nil {
		return err
	}
	mark, err := os.OpenFile(filepath.Join(folder, "run"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err := mark.Close(); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(folder, "run"), 0o666); err != nil {
		return err
	}
	for _, side := range sides { // so that a log can be opened before the first byte
		log, err := os.OpenFile(filepath.Join(task, side[1]), os.O_CREATE|os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return err
		}
		if err := log.Close(); err != nil {
			return err
		}
	}
	return nil
}

func makeOpen(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	return os.Chmod(folder, 0o755)
}

// ownProgram is a copy of our program that containers may have, with a name of its own for each build of it: the file
// itself could be labelled for containers by the engine, and is replaced by upgrades.
func (r *Runner) ownProgram() (string, error) {
	r.program.Lock()
	defer r.program.Unlock()
	from, err := os.Open(r.Exe)
	if err != nil {
		return "", err
	}
	defer func() { _ = from.Close() }()
	info, err := from.Stat()
	if err != nil {
		return "", err
	}
	name := "init-" + strconv.FormatInt(info.Size(), 36) + "-" + strconv.FormatInt(info.ModTime().UnixNano(), 36)
	path := filepath.Join(pumpFolder(r.Dir), name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.Mkdir(pumpFolder(r.Dir), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	old, _ := filepath.Glob(filepath.Join(pumpFolder(r.Dir), "init-*")) // those of older builds; runs have links of their own
	for _, other := range old {
		_ = os.Remove(other)
	}
	to, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	if closeErr := to.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(path+".tmp", 0o755)
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	return path, err
}
