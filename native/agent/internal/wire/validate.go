package wire

import (
	"encoding/json"
	"strings"
)

// The contract counts UTF-16 units; bytes may be up to three times as many. What execve takes is its own limit.
const maxText = 3 * 65536

// ValidTaskID tells whether an id is `t-` and 1 to 60 of letters, digits, `_` and `-`. It is also what makes an id
// safe as the name of a folder.
func ValidTaskID(id string) bool { return validID("t-", id) }

// ValidMasterID is the same for `master-`.
func ValidMasterID(id string) bool { return validID("master-", id) }

func validID(prefix, id string) bool {
	rest := strings.TrimPrefix(id, prefix)
	if rest == id || len(rest) < 1 || len(rest) > 60 {
		return false
	}
	for _, c := range []byte(rest) {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
		if !ok {
			return false
		}
	}
	return true
}

// ParseTaskInfo decodes and checks a task as asked.
func ParseTaskInfo(raw json.RawMessage) (TaskInfo, *Error) {
	var info TaskInfo
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, Refuse(CodeInvalid, "task-info", "%v", err)
	}
	if field, why := info.problem(); field != "" {
		return info, Refuse(CodeInvalid, "task-info", "%s: %s", field, why)
	}
	return info, nil
}

func (t *TaskInfo) problem() (field, why string) {
	switch {
	case !ValidTaskID(t.TaskID):
		return "taskId", "not a task id"
	case t.Name == "" || len(t.Name) > 800:
		return "name", "must have 1 to 200 characters"
	case t.KillPolicy.GraceMs < 0 || t.KillPolicy.GraceMs > 86_400_000:
		return "killPolicy.graceMs", "must be 0 to 86400000"
	case len(t.Labels) > 64:
		return "labels", "at most 64"
	}
	r := t.Resources
	if r.CpusMilli < 0 || r.MemMib < 0 || r.DiskMib < 0 || r.Gpus < 0 {
		return "resources", "must not be negative"
	}
	if field, why := t.Command.problem(); field != "" {
		return field, why
	}
	if t.Command.Value == "" && t.Container == nil {
		return "command.value", "must have 1 to 65536 characters"
	}
	return t.lifeProblem()
}

func (c *Command) problem() (field, why string) {
	switch {
	case len(c.Value) > maxText:
		return "command.value", "must have at most 65536 characters"
	case strings.IndexByte(c.Value, 0) >= 0:
		return "command.value", "holds a NUL byte"
	case len(c.Arguments) > 1024:
		return "command.arguments", "at most 1024"
	case len(c.Environment) > 512:
		return "command.environment", "at most 512"
	case c.WorkingFolder != nil && (*c.WorkingFolder == "" || len(*c.WorkingFolder) > 4096 || strings.IndexByte(*c.WorkingFolder, 0) >= 0):
		return "command.workingFolder", "must have 1 to 4096 bytes"
	case c.User != nil && (*c.User == "" || len(*c.User) > 64):
		return "command.user", "must have 1 to 64 characters"
	}
	for _, argument := range c.Arguments {
		if len(argument) > maxText || strings.IndexByte(argument, 0) >= 0 {
			return "command.arguments", "too long, or holds a NUL byte"
		}
	}
	for _, v := range c.Environment {
		bad := v.Name == "" || len(v.Name) > 256 || len(v.Value) > maxText
		if bad || strings.ContainsAny(v.Name, "=\x00") || strings.IndexByte(v.Value, 0) >= 0 {
			return "command.environment", "bad name or value of " + v.Name
		}
	}
	return "", ""
}
