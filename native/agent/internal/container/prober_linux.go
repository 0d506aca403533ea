package container

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"mesolite/agent/internal/check"
	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/wire"
)

// The prober is one process of ours in a container whose task is asked by commands. An exec for each question would be
// slow, Podman leaves a process of its own behind for five minutes after each, and no engine ends one that takes too
// long. Questions and answers are lines in two fifos: `ID LIMITMS KIND ARGUMENT PATH` as JSON, and `ID CODE WORDS`.

// InsideProber is the argument that makes our program the prober of a container.
const InsideProber = "inside-prober"

const (
	// probeSlack is what a prober may take beyond the time of a probe, and to come up.
	probeSlack = 5 * time.Second
	// codeTimeout is what a probe ends with that took too long, as with timeout(1).
	codeTimeout = 124
	// maxQuestion is what a fifo takes as one.
	maxQuestion = 4096
	proberLook  = 5 * time.Millisecond
)

var lastQuestion atomic.Int64 // keeps questions apart

// askProber asks one question, and starts the prober when there is none.
func (r *Runner) askProber(ctx context.Context, l *life, client *engine.Client, id string, ask check.Request) (code int, words string, err error) {
	l.probing.Lock()
	defer l.probing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, ask.Timeout()+probeSlack)
	defer cancel()
	probe := ask.Check.Probe
	what := probe.Line
	if probe.Kind != wire.ProbeCommand {
		what = strconv.Itoa(probe.Port)
	}
	number := strconv.FormatInt(time.Now().UnixNano(), 36) + strconv.FormatInt(lastQuestion.Add(1), 36)
	question, err := json.Marshal([]string{number, strconv.FormatInt(ask.Check.TimeoutMs, 10), probe.Kind, what, probe.Path})
	if err != nil {
		return 0, "", err
	}
	if len(question) >= maxQuestion {
		return 0, "", errors.New("the line of a check in a container can have about 4000 bytes")
	}
	folder := filepath.Join(r.runDir(l.info.TaskID, l.run), "io")
	answers, err := os.OpenFile(filepath.Join(folder, "answer"), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answers.Close() }()
	for started := false; !put(filepath.Join(folder, "ask"), append(question, '\n')); {
		if !started {
			started = true
			if err := client.ExecDetached(ctx, id, []string{insideProgram, InsideProber}); err != nil {
				return 0, "", err
			}
		}
		select {
		case <-ctx.Done():
			return 0, "", ctx.Err()
		case <-time.After(proberLook):
		}
	}
	until, _ := ctx.Deadline() // WithTimeout gives one
	_ = answers.SetReadDeadline(until)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-ctx.Done():
			_ = answers.SetReadDeadline(time.Unix(1, 0))
		case <-stop:
		}
	}()
	lines := bufio.NewReaderSize(answers, maxQuestion)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return 0, "", errors.New("the prober in the container does not answer")
		}
		parts := strings.SplitN(strings.TrimSpace(string(line)), " ", 3)
		if len(parts) < 2 || parts[0] != number {
			continue // of a question nobody waits for any more
		}
		if code, err = strconv.Atoi(parts[1]); err != nil {
			return 0, "", err
		}
		if len(parts) == 3 {
			words = strings.ToValidUTF8(parts[2], "?")
		}
		return code, words, nil
	}
}

// put writes to a fifo that somebody reads.
func put(path string, line []byte) bool {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	n, err := syscall.Write(fd, line)
	_ = syscall.Close(fd)
	return err == nil && n == len(line)
}

// ProberInside is the life of a prober: it goes with its container.
func ProberInside() int {
	questions, err := os.OpenFile(insideFolder+"/ask", os.O_RDWR, 0)
	if err != nil {
		return codeCannotStart
	}
	answers, err := os.OpenFile(insideFolder+"/answer", os.O_RDWR, 0)
	if err != nil {
		return codeCannotStart
	}
	lines := bufio.NewReaderSize(questions, 2*maxQuestion)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return codeCannotStart
		}
		var question []string
		if json.Unmarshal(line, &question) != nil || len(question) != 5 {
			continue
		}
		go func() {
			code, words := probeOnce(question[1:])
			words = strings.Join(strings.Fields(words), " ")
			if len(words) > maxQuestion/2 {
				words = words[:maxQuestion/2]
			}
			_, _ = answers.WriteString(question[0] + " " + strconv.Itoa(code) + " " + words + "\n")
		}()
	}
}

func probeOnce(question []string) (code int, words string) {
	limitMs, err := strconv.ParseInt(question[0], 10, 64)
	if err != nil || limitMs <= 0 {
		return codeCannotStart, ""
	}
	if question[1] == wire.ProbeCommand {
		cmd := exec.Command("sh", "-c", question[2])
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return waitAtMost(cmd, limitMs)
	}
	ask := check.Request{Ask: check.Ask{Check: wire.Check{TimeoutMs: limitMs, Probe: wire.Probe{Kind: question[1], Path: question[3]}}}}
	ask.Check.Probe.Port, _ = strconv.Atoi(question[2]) // 0 answers nobody
	outcome := check.Run(context.Background(), ask, (&net.Dialer{}).DialContext)
	if outcome.Good {
		return 0, ""
	}
	return 1, outcome.Words
}

func waitAtMost(cmd *exec.Cmd, limitMs int64) (code int, words string) {
	if err := cmd.Start(); err != nil {
		return codeCannotStart, startWords("sh", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(time.Duration(limitMs) * time.Millisecond)
	defer timer.Stop()
	select {
	case err := <-ended:
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left; none is fine
		var exit *exec.ExitError
		switch {
		case err == nil:
			return 0, ""
		case errors.As(err, &exit) && exit.ExitCode() >= 0:
			return exit.ExitCode(), ""
		case errors.As(err, &exit):
			return 128 + int(exit.Sys().(syscall.WaitStatus).Signal()), ""
		}
		return codeCannotStart, err.Error()
	case <-timer.C:
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // gone is fine
		<-ended
		return codeTimeout, ""
	}
}
