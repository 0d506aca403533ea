package link

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mesolite/agent/internal/wire"
)

func TestLeaseRules(t *testing.T) {
	held := Lease{MasterID: "master-a", Epoch: 5}
	cases := []struct {
		name     string
		held     Lease
		master   string
		epoch    int64
		takeOver bool
		reason   string
	}{
		{"first", Lease{}, "master-a", 1, false, ""},
		{"same epoch again", held, "master-a", 5, false, ""},
		{"later epoch", held, "master-a", 6, false, ""},
		{"older epoch", held, "master-a", 4, false, "lease-old-epoch"},
		{"older epoch, even with take-over", held, "master-a", 4, true, "lease-old-epoch"},
		{"another master", held, "master-b", 99, false, "lease-held"},
		{"another master takes over", held, "master-b", 1, true, ""},
		{"no master id", Lease{}, "a/b", 1, true, "master-id"},
	}
	for _, c := range cases {
		after, refusal := c.held.Claim(wire.HelloParams{MasterID: c.master, Epoch: c.epoch, TakeOver: c.takeOver})
		reason := ""
		if refusal != nil {
			reason = refusal.Reason
		}
		want := Lease{MasterID: c.master, Epoch: c.epoch}
		if c.reason != "" {
			want = c.held
		}
		if reason != c.reason || after != want {
			t.Errorf("%s: %q %+v", c.name, reason, after)
		}
	}
	if _, refusal := held.Claim(wire.HelloParams{MasterID: "master-b"}); refusal.Detail != "master-a" {
		t.Errorf("the holder is not named: %s", refusal.Detail)
	}
}

func TestVersionMatrix(t *testing.T) {
	for _, c := range []struct{ min, max, want int }{{1, 1, 1}, {1, 3, 1}, {0, 1, 1}, {2, 3, 0}, {0, 0, 0}} {
		got, refusal := CommonVersion(wire.HelloParams{VersionMin: c.min, Version: c.max})
		if got != c.want || (refusal != nil) != (c.want == 0) {
			t.Errorf("%d to %d: %d %v", c.min, c.max, got, refusal)
		}
	}
}

func pair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	dir := t.TempDir()
	listener, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	other, err := Dial(dir, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	if uid, allowed := PeerAllowed(accepted); !allowed || uid != os.Geteuid() {
		t.Errorf("our own process is refused: uid %d", uid)
	}
	t.Cleanup(func() { _ = other.Close(); _ = accepted.Close() })
	return NewConn(accepted), other
}

func TestMessagesAndDataKeepTheirOrder(t *testing.T) {
	conn, other := pair(t)
	go func() {
		for i := 0; i < 200; i++ {
			_ = conn.Send(i)
			frame, _ := wire.AppendData(conn.DataBuffer(), uint32(i), []byte{byte(i)})
			conn.SendData(frame)
		}
		conn.EndAfterFlush("done")
	}()
	frames := wire.NewReader(other)
	for i := 0; i < 200; i++ {
		message, err := frames.Next()
		if err != nil || message.Kind != wire.KindJSON {
			t.Fatalf("%d: %v %+v", i, err, message)
		}
		data, err := frames.Next()
		if err != nil || data.Kind != wire.KindData || data.Stream != uint32(i) {
			t.Fatalf("%d: %v %+v", i, err, data)
		}
	}
	if _, err := frames.Next(); err == nil {
		t.Error("it did not end")
	}
	select {
	case <-conn.Done():
		t.Error("it closed on a peer that may still be writing")
	default:
	}
	if _, err := other.Write([]byte("late words")); err != nil {
		t.Errorf("a late write fails: %v", err)
	}
	<-conn.Done() // nobody reads at this end, so only the limit ends it
	if conn.Cause() != "done" {
		t.Errorf("%q", conn.Cause())
	}
}

// counted counts what is written at once.
type counted struct {
	net.Conn
	writes atomic.Int64
}

func (c *counted) Write(data []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(data)
}

func TestMessagesThatWaitAreWrittenTogetherAndWhole(t *testing.T) {
	ours, other := net.Pipe() // holds nothing: what is sent waits for the reader
	t.Cleanup(func() { _ = other.Close() })
	socket := &counted{Conn: ours}
	conn := NewConn(socket)
	const count = 300
	for i := 0; i < count; i++ {
		if err := conn.Send(fmt.Sprint(i, strings.Repeat("x", i*10))); err != nil {
			t.Fatal(err)
		}
	}
	frames := wire.NewReader(other)
	for i := 0; i < count; i++ {
		frame, err := frames.Next()
		if want := fmt.Sprintf("%q", fmt.Sprint(i, strings.Repeat("x", i*10))); err != nil || string(frame.Payload) != want {
			t.Fatalf("%d: %v %s", i, err, frame.Payload)
		}
	}
	if most := socket.writes.Load(); most > count/4 {
		t.Errorf("%d writes", most)
	}
	conn.End("done")
}

func TestAReaderThatStopsLosesTheConnectionAndNotOurMemory(t *testing.T) {
	conn, _ := pair(t)
	big := strings.Repeat("x", 100_000)
	sent := 0
	for i := 0; i < 1000; i++ {
		if conn.Send(big) != nil {
			break
		}
		sent++
	}
	if sent > (maxQueuedBytes+2<<20)/100_000 {
		t.Errorf("%d messages were taken", sent)
	}
	<-conn.Done()
	if conn.Send(1) != ErrEnded {
		t.Error("it is not ended")
	}
}

func TestDataWaitsForTheReaderAndIsWokenByTheEnd(t *testing.T) {
	conn, _ := pair(t)
	result := make(chan bool)
	go func() {
		data := make([]byte, wire.MaxDataBytes)
		ok := true
		for i := 0; i < 1000 && ok; i++ {
			frame, _ := wire.AppendData(conn.DataBuffer(), 1, data)
			ok = conn.SendData(frame)
		}
		result <- ok
	}()
	until := time.Now().Add(5 * time.Second)
	for conn.Idle() && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
	conn.End("test")
	select {
	case ok := <-result:
		if ok {
			t.Error("64 MB went into a connection nobody reads")
		}
	case <-time.After(5 * time.Second):
		t.Error("the sender was not woken")
	}
}

func TestLongFoldersAndStaleSockets(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for round := 0; round < 2; round++ {
		listener, err := Listen(dir)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := Dial(dir, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		info, err := os.Stat(filepath.Join(dir, SocketName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info, err)
		}
		_ = listener.Close() // the name stays, as after a crash
	}
	if _, err := Dial(dir, time.Second); err == nil {
		t.Error("a dead socket answers")
	}
}
