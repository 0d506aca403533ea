package main

import (
	"io"

	"mesolite/agent/internal/errand"
	"mesolite/agent/internal/fetch"
	"mesolite/agent/internal/results"
)

// errandCommand is hidden: it does one piece of work for the daemon, whose child it is.
func errandCommand(_ []string, in io.Reader, out, _ io.Writer) int {
	kinds := fetch.Kinds()
	for kind, do := range results.Kinds() {
		kinds[kind] = do
	}
	return errand.Serve(in, out, kinds)
}
