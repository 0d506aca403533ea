package main

import (
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"time"

	"mesolite/agent/internal/agent"
	"mesolite/agent/internal/link"
	"mesolite/agent/internal/wire"
)

const dialLimit = 5 * time.Second

// attachCommand joins two byte streams and knows nothing of what they carry.
func attachCommand(args []string, in io.Reader, out, errOut io.Writer) int {
	debug.SetGCPercent(20)
	flags, dirFlag := newFlags("attach", errOut)
	start := flags.Bool("start", false, "start the daemon first when it does not answer")
	dir, ok := parseDir(flags, dirFlag, args)
	if !ok {
		return exitUsage
	}
	conn, err := link.Dial(dir, dialLimit)
	if err != nil && *start {
		if startErr := agent.StartDetached(dir, nil); startErr != nil {
			return attachError(out, "start-failed", startErr)
		}
		conn, err = link.Dial(dir, dialLimit)
	}
	if err != nil {
		return attachError(out, "no-daemon", err)
	}
	if _, err := io.WriteString(out, wire.Preamble); err != nil {
		return fail(errOut, err)
	}
	join(conn, in, out)
	return 0
}

func attachError(out io.Writer, code string, err error) int {
	fmt.Fprintf(out, "mesolite-attach-error %s %v\n", code, err)
	return exitNoAgent
}

// join ends when the daemon closes the connection, or when our input ends.
func join(conn *net.UnixConn, in io.Reader, out io.Writer) {
	go func() {
		_, _ = io.Copy(conn, in) // its end is the end of the other direction
		_ = conn.CloseWrite()    // closed already: fine
	}()
	buf := make([]byte, 32*1024)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
