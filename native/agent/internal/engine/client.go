package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mesolite/agent/internal/wire"
)

// callLimit is how long an engine may take for a call that is not known to be long. Starting a container on a busy
// disk takes seconds.
const callLimit = 2 * time.Minute

// newestAPI is the newest version of the API that is spoken here; an older engine is spoken to in its own.
const newestAPI = "1.44"

// Client is an engine that answered.
type Client struct {
	Socket string
	About  wire.Engine
	api    string // `/v1.44`
}

// Open asks an engine who it is.
func Open(ctx context.Context, socket string) (*Client, error) {
	c := &Client{Socket: socket}
	a, err := exchange(ctx, socket, "GET", "/_ping", nil)
	if err != nil {
		return nil, err
	}
	a.close()
	api := a.fields["api-version"]
	if a.status != 200 || api == "" {
		return nil, errors.New("what answers is no container engine")
	}
	c.About = wire.Engine{Engine: wire.EngineDocker, Version: serverVersion(a.fields["server"])}
	if version := a.fields["libpod-api-version"]; version != "" {
		c.About.Engine, c.About.Version = wire.EnginePodman, version
	}
	if older(newestAPI, api) {
		api = newestAPI
	}
	c.api = "/v" + api
	// Its /info would tell too, and /version more, but they keep a busy Podman seconds.
	if info, err := os.Stat(socket); err == nil {
		owner, ok := info.Sys().(*syscall.Stat_t)
		c.About.Rootless = ok && owner.Uid != 0
	}
	return c, nil
}

// serverVersion takes `24.0.5` from `Docker/24.0.5 (linux)`.
func serverVersion(server string) string {
	_, rest, _ := strings.Cut(server, "/")
	version, _, _ := strings.Cut(rest, " ")
	if version == "" {
		return "unknown"
	}
	return version
}

// older compares versions like 1.41.
func older(a, b string) bool {
	one, two := strings.Split(a, "."), strings.Split(b, ".")
	for i := 0; i < len(one) && i < len(two); i++ {
		x, _ := strconv.Atoi(one[i]) // what is no number counts as 0
		y, _ := strconv.Atoi(two[i])
		if x != y {
			return x < y
		}
	}
	return len(one) < len(two)
}

func (c *Client) get(ctx context.Context, path string, into interface{}) error {
	return c.call(ctx, "GET", path, nil, into)
}

// call makes one short exchange.
func (c *Client) call(ctx context.Context, method, path string, body, into interface{}) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return c.patient(ctx, method, path, body, into)
}

// patient is call without a limit of its own.
func (c *Client) patient(ctx context.Context, method, path string, body, into interface{}) error {
	a, err := exchange(ctx, c.Socket, method, c.api+path, body)
	if err != nil {
		return err
	}
	defer a.close()
	if a.status >= 300 && a.status != 304 {
		return a.refusal()
	}
	if into == nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(a.body, maxBody))
	if err != nil {
		return orContext(ctx, err)
	}
	return json.Unmarshal(data, into)
}

// State is a container as it stands.
type State struct {
	Status     string // created, running, paused, restarting, removing, exited, dead; Podman has more
	Running    bool
	OOMKilled  bool
	Pid        int
	ExitCode   int
	Error      string
	StartedAt  string
	FinishedAt string
}

// Ended tells whether the container ran and is over.
func (s State) Ended() bool {
	return s.Status == "exited" || s.Status == "dead" || s.Status == "stopped" || s.Status == "removing"
}

// NeverStarted tells whether it was only made.
func (s State) NeverStarted() bool {
	return s.Status == "created" || s.Status == "configured" || s.Status == "initialized"
}

// Container is what is asked of one.
type Container struct {
	ID     string `json:"Id"`
	Image  string
	State  State
	Config struct {
		Labels     map[string]string
		StopSignal string
	}
	NetworkSettings struct {
		IPAddress string
		Networks  map[string]struct{ IPAddress string }
	}
}

// Address is where the container can be reached from this machine, or nothing.
func (c *Container) Address() string {
	if c.NetworkSettings.IPAddress != "" {
		return c.NetworkSettings.IPAddress
	}
	for _, network := range c.NetworkSettings.Networks {
		if network.IPAddress != "" {
			return network.IPAddress
		}
	}
	return ""
}

// Inspect looks at a container by its name or id.
func (c *Client) Inspect(ctx context.Context, name string) (*Container, error) {
	var found Container
	return &found, c.get(ctx, "/containers/"+url.PathEscape(name)+"/json", &found)
}

// Create makes a container under a name; status 409 says that the name is taken.
func (c *Client) Create(ctx context.Context, name string, spec *Spec) (id string, err error) {
	var made struct {
		ID string `json:"Id"`
	}
	err = c.call(ctx, "POST", "/containers/create?name="+url.QueryEscape(name), spec, &made)
	return made.ID, err
}

// Start starts what was made. Starting what runs is no error.
func (c *Client) Start(ctx context.Context, id string) error {
	return c.call(ctx, "POST", "/containers/"+id+"/start", nil, nil)
}

// Kill sends a signal to the first process of a container. One that does not run is no error.
func (c *Client) Kill(ctx context.Context, id, signal string) error {
	err := c.call(ctx, "POST", "/containers/"+id+"/kill?signal="+url.QueryEscape(signal), nil, nil)
	if IsStatus(err, 404) || IsStatus(err, 409) {
		return nil
	}
	return err
}

// Remove removes a container and its unnamed volumes, also one that runs. None is no error.
func (c *Client) Remove(ctx context.Context, id string) error {
	err := c.call(ctx, "DELETE", "/containers/"+id+"?force=true&v=true", nil, nil)
	if IsStatus(err, 404) {
		return nil
	}
	return err
}

// Wait returns when the container does not run, or with the error of a connection that broke.
func (c *Client) Wait(ctx context.Context, id string) error {
	var over struct{ StatusCode int }
	return c.patient(ctx, "POST", "/containers/"+id+"/wait?condition=not-running", nil, &over)
}

// Listed is a container in a list.
type Listed struct {
	ID     string `json:"Id"`
	Labels map[string]string
}

// List gives all containers with a label, whatever their state.
func (c *Client) List(ctx context.Context, label string) ([]Listed, error) {
	filters, err := json.Marshal(map[string][]string{"label": {label}})
	if err != nil {
		return nil, err
	}
	var list []Listed
	return list, c.get(ctx, "/containers/json?all=true&filters="+url.QueryEscape(string(filters)), &list)
}

// ExecDetached runs a command in a running container and does not wait for it.
func (c *Client) ExecDetached(ctx context.Context, id string, command []string) error {
	var made struct {
		ID string `json:"Id"`
	}
	if err := c.call(ctx, "POST", "/containers/"+id+"/exec", map[string]interface{}{"Cmd": command}, &made); err != nil {
		return err
	}
	return c.call(ctx, "POST", "/exec/"+made.ID+"/start", map[string]bool{"Detach": true, "Tty": false}, nil)
}
