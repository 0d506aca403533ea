package launch

// starter: here every shim is started by ourselves.
type starter struct{}

func (*starter) start(string, string, []string, []string, []uintptr) bool { return false }

func (*starter) end() {}
