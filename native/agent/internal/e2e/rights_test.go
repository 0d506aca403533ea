package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mesolite/agent/internal/wire"
)

// What a test needs of the machine. A missing right is a failure or another thing to assert, never a reason to look away.

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this needs root")
	}
}

// usesV1 tells whether tasks are put into groups of v1, as they must be where there is a freezer for root.
func usesV1(t *testing.T, hello wire.HelloResult) bool {
	t.Helper()
	uses := hello.Facts.Cgroup == "v1"
	if !uses && v1Place("freezer") != "" && os.Geteuid() == 0 {
		t.Errorf("the tree of v1 is not used: %s", hello.Facts.Cgroup)
	}
	return uses
}

// needsMemory: what such a test starts would take the memory of the machine where nothing holds it.
func needsMemory(t *testing.T, hello wire.HelloResult) {
	t.Helper()
	if hello.Facts.Isolation.Memory != "cgroup" {
		t.Fatalf("this needs the memory controller: %+v", hello.Facts.Isolation)
	}
}

// expectNoSwitch asserts that an agent which is not root refuses to run a task as another user.
func (c *client) expectNoSwitch(info map[string]interface{}) {
	c.t.Helper()
	refused := c.refusal("task.launch", map[string]interface{}{"info": with(info, "user", "root")})
	if refused.Code != "unsupported" || refused.Reason != "user-switch" {
		c.t.Errorf("%+v", refused)
	}
}

// launchAsNobody runs a task as another user. A false says that this agent may not, and refused it as it must.
func (c *client) launchAsNobody(info map[string]interface{}) bool {
	c.t.Helper()
	if os.Geteuid() != 0 {
		c.expectNoSwitch(info)
		return false
	}
	c.launch(with(info, "user", "nobody"))
	return true
}

// asNobody runs our program as nobody, or as who we are when that is not root.
func asNobody(args ...string) *exec.Cmd {
	command := exec.Command(binary, args...)
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return command
}

// unifiedTree is where cgroup2 is mounted; it is mounted for the test when nobody did.
func unifiedTree(t *testing.T) string {
	t.Helper()
	needsRoot(t)
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(string(mounts), "\n") {
		if strings.Contains(line, " - cgroup2 ") {
			return strings.Fields(line)[4]
		}
	}
	place := t.TempDir()
	if err := syscall.Mount("cgroup2", place, "cgroup2", 0, ""); err != nil {
		t.Fatalf("mount cgroup2: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(place, syscall.MNT_DETACH) })
	return place
}

// rootWithUnified shows an agent only the unified tree of this machine, and these files.
func rootWithUnified(t *testing.T, files map[string]string) (root, place string) {
	t.Helper()
	place = unifiedTree(t)
	all := map[string]string{"proc/self/mountinfo": "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "sys/fs/x": ""}
	for name, text := range files {
		all[name] = text
	}
	root = rootWith(t, all)
	if err := os.Symlink(place, filepath.Join(root, "sys/fs/cgroup")); err != nil {
		t.Fatal(err)
	}
	return root, place
}

// pidsTree is a tree of groups that counts processes.
func pidsTree(t *testing.T) string {
	t.Helper()
	if place := v1Place("pids"); place != "" {
		return place
	}
	place := unifiedTree(t)
	if err := os.WriteFile(filepath.Join(place, "cgroup.subtree_control"), []byte("+pids"), 0o600); err != nil {
		t.Fatal(err)
	}
	return place
}

func expectFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s/%s is %q, %v", folder, name, got, err)
		}
	}
}

// expectV1 is expectFiles in the trees of v1: the names are CONTROLLER/FILE, the group is below our own.
func expectV1(t *testing.T, group string, files map[string]string) {
	t.Helper()
	for file, want := range files {
		controller, name, _ := strings.Cut(file, "/")
		expectFiles(t, filepath.Join(v1Place(controller), "mesolite", group), map[string]string{name: want})
	}
}
