package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

const (
	askLimit  = 10 * time.Second
	stopLimit = 24 * time.Hour // a task's grace may be long
)

// ask makes one call of the command line's own and waits for the answer, and then for the end of the connection when
// untilClosed.
func ask(dir, call string, params, result interface{}, untilClosed bool) error {
	limit := askLimit
	if untilClosed {
		limit = stopLimit
	}
	return askWithin(dir, call, params, result, question{limit, untilClosed})
}

// question is how long to wait, and for what.
type question struct {
	limit       time.Duration
	untilClosed bool
}

func askWithin(dir, call string, params, result interface{}, q question) error {
	conn, err := link.Dial(dir, dialLimit)
	if err != nil {
		return fmt.Errorf("no agent answers in %s: %w", dir, err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(q.limit)); err != nil {
		return err
	}
	body, err := wire.Encode(map[string]interface{}{"v": wire.Version, "id": 1, "call": call, "params": params})
	if err != nil {
		return err
	}
	frame, err := wire.AppendJSON(nil, body)
	if err != nil {
		return err
	}
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	got, err := wire.NewReader(conn).Next()
	if err != nil {
		return err
	}
	answer := struct {
		Result json.RawMessage `json:"result"`
		Error  *wire.Error     `json:"error"`
	}{}
	if err := json.Unmarshal(got.Payload, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result, result); err != nil {
			return err
		}
	}
	if q.untilClosed {
		_, err = io.Copy(io.Discard, conn) // until the daemon is gone
	}
	return err
}

func statusCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("status", errOut)
	asJSON := flags.Bool("json", false, "one line of JSON")
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	var status agent.Status
	if err := ask(dir, "local.status", struct{}{}, &status, false); err != nil {
		if *asJSON {
			return printJSON(out, map[string]interface{}{"running": false, "detail": err.Error()}, exitNoAgent)
		}
		_ = fail(errOut, err)
		return exitNoAgent
	}
	if *asJSON {
		return printJSON(out, struct {
			Running bool `json:"running"`
			agent.Status
		}{true, status}, 0)
	}
	fmt.Fprintf(out, "agent %s (version %s, pid %d) in %s\ntasks: %d held, %d alive, %d updates not acknowledged\nmaster: %s (connected: %v)\nlimits: cgroup %s; at boot: %s\n",
		status.AgentID, status.Version, status.Pid, status.Dir, status.Tasks, status.Alive, status.Unacked, status.MasterID, status.Connected, status.Cgroup, status.Boot)
	return 0
}

func printJSON(out io.Writer, value interface{}, code int) int {
	line, err := wire.Encode(value)
	if err != nil {
		return exitFailed
	}
	fmt.Fprintf(out, "%s\n", line)
	return code
}

func stopCommand(args []string, _ io.Reader, out, errOut io.Writer) int {
	flags, dirFlag := newFlags("stop", errOut)
	tasks := flags.String("tasks", "keep", "keep: tasks run on; stop: end them first")
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	params := wire.ShutdownParams{Tasks: *tasks}
	err := ask(dir, "local.shutdown", params, nil, true)
	if err == nil {
		err = agent.AwaitGone(dir, askLimit)
	}
	var refusal *wire.Error
	switch {
	case err == nil:
		fmt.Fprintln(out, "stopped")
		return 0
	case errors.As(err, &refusal):
		return fail(errOut, err)
	case !agent.Answers(dir):
		fmt.Fprintln(out, "not running")
		return 0
	}
	return fail(errOut, err)
}
