package fetch

import (
	"io"
	"os"

	"mesolite/agent/internal/beneath"
)

// copyStep is how much is copied between two words about it; a file system that can share blocks does so at once.
const copyStep = 16 << 20

// Place is a plain file that goes to a path of the sandbox.
type Place struct {
	Path       string `json:"path"`
	Executable bool   `json:"executable"`
	MaxBytes   int64  `json:"maxBytes"`
}

// Run copies src to its place. A hard link would let the task change what others get from the cache.
func (p Place) Run(root *beneath.Root, src *os.File, progress func(done, total int64)) error {
	info, err := src.Stat()
	if err != nil {
		return err
	}
	if info.Size() > p.MaxBytes {
		return tooLarge(info.Size(), p.MaxBytes)
	}
	mode := os.FileMode(0o644)
	if p.Executable {
		mode = 0o755
	}
	file, err := root.Create(p.Path, mode, folderMode)
	if err != nil {
		return placeWords(err)
	}
	err = copyAll(file, src, info.Size(), progress)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return onDisk(err)
}

func copyAll(to, from *os.File, total int64, progress func(done, total int64)) error {
	for done := int64(0); ; {
		n, err := io.CopyN(to, from, copyStep)
		if done += n; n > 0 {
			progress(done, total)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
