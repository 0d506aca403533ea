package wire

// What is asked about files: logs, the sandbox, results and artifacts.

// LogOpenParams opens a log stream.
type LogOpenParams struct {
	TaskID string `json:"taskId"`
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Follow bool   `json:"follow"`
}

// LogOpenResult names the stream.
type LogOpenResult struct {
	Stream      uint32 `json:"stream"`
	SizeBytes   int64  `json:"sizeBytes"`
	StartOffset int64  `json:"startOffset"`
}

// LogTimesParams asks when the bytes of a range were written.
type LogTimesParams struct {
	TaskID string `json:"taskId"`
	File   string `json:"file"`
	From   int64  `json:"from"`
	To     int64  `json:"to"`
}

// LogTime says that from Offset on bytes were written at AtMs.
type LogTime struct {
	Offset int64 `json:"offset"`
	AtMs   int64 `json:"atMs"`
}

// LogTimesResult is ascending.
type LogTimesResult struct {
	Times []LogTime `json:"times"`
}

// LogSearchParams looks for a plain text.
type LogSearchParams struct {
	TaskID    string `json:"taskId"`
	File      string `json:"file"`
	Text      string `json:"text"`
	MatchCase bool   `json:"matchCase"`
	From      int64  `json:"from"`
	Limit     int    `json:"limit"`
}

// LogMatch is one line.
type LogMatch struct {
	Offset int64  `json:"offset"`
	Line   string `json:"line"`
	AtMs   *int64 `json:"atMs"`
}

// LogSearchResult is where to go on, too.
type LogSearchResult struct {
	Matches []LogMatch `json:"matches"`
	Next    int64      `json:"next"`
	More    bool       `json:"more"`
}

// SandboxListParams pages through a folder of a sandbox.
type SandboxListParams struct {
	TaskID string `json:"taskId"`
	Path   string `json:"path"`
	After  string `json:"after,omitempty"`
}

// SandboxEntry is one name in a folder.
type SandboxEntry struct {
	Name         string `json:"name"`
	Kind         string `json:"kind"` // file, folder, link, other
	SizeBytes    int64  `json:"sizeBytes"`
	ModifiedAtMs int64  `json:"modifiedAtMs"`
	Mode         uint32 `json:"mode"`
}

// SandboxListResult is one page.
type SandboxListResult struct {
	Entries []SandboxEntry `json:"entries"`
	More    bool           `json:"more"`
}

// SandboxOpenParams opens a file, or a folder as a tar.
type SandboxOpenParams struct {
	TaskID string `json:"taskId"`
	Path   string `json:"path"`
	Offset int64  `json:"offset"`
}

// SandboxOpenResult names the stream. SizeBytes nil: a tar that is made while it is sent.
type SandboxOpenResult struct {
	Stream      uint32 `json:"stream"`
	SizeBytes   *int64 `json:"sizeBytes"`
	StartOffset int64  `json:"startOffset"`
}

// ResultsListParams pages through the results of a task, in order of their paths.
type ResultsListParams struct {
	TaskID string `json:"taskId"`
	After  string `json:"after,omitempty"`
}

// ResultsListResult is what was collected at the task's end.
type ResultsListResult struct {
	Files []ResultFile `json:"files"`
	Left  int          `json:"left"`
	More  bool         `json:"more,omitempty"`
}

// ArtifactFindParams asks which are in the cache.
type ArtifactFindParams struct {
	SHA256 []string `json:"sha256"`
}

// ArtifactFindResult names those that are.
type ArtifactFindResult struct {
	Present []string `json:"present"`
}

// ArtifactPutParams opens a stream towards us.
type ArtifactPutParams struct {
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"sizeBytes"`
}

// ArtifactPutResult says where to go on.
type ArtifactPutResult struct {
	Stream uint32 `json:"stream"`
	Offset int64  `json:"offset"`
}
