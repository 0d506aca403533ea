package fetch

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxDirectoryBytes is how much of a zip may be read for its directory: it is held in memory as a whole.
const maxDirectoryBytes = 64 << 20

var errDirectory = errors.New("its directory is too large")

// budget lets only so much be read.
type budget struct {
	from io.ReaderAt
	left int64
}

func (b *budget) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errDirectory
	}
	return b.from.ReadAt(p, at)
}

func (w *unpacker) zip(src *os.File) error {
	limited := &budget{src, maxDirectoryBytes}
	archive, err := zip.NewReader(limited, w.sizeBytes)
	if errors.Is(err, errDirectory) {
		return err
	}
	if archive == nil {
		return fmt.Errorf("the zip file is damaged: %v", err)
	}
	if len(archive.File) > w.MaxEntries {
		return fmt.Errorf("it has more than %d entries", w.MaxEntries)
	}
	limited.left = 1 << 62
	done := int64(0)
	w.consumed = func() int64 { return done }
	for _, entry := range archive.File {
		if err := w.zipEntry(entry); err != nil {
			return err
		}
		if done += int64(entry.CompressedSize64); done > w.sizeBytes || done < 0 {
			done = w.sizeBytes
		}
	}
	return nil
}

func (w *unpacker) zipEntry(entry *zip.File) error {
	name, err := w.name(slashes(entry))
	if err != nil {
		return err
	}
	mode := entry.Mode()
	switch {
	case mode.IsDir():
		return w.folder(name, zipMode(entry))
	case mode&os.ModeSymlink != 0:
		target, err := readTarget(entry)
		if err != nil {
			return err
		}
		return w.link(name, target)
	case !mode.IsRegular() && mode&(os.ModeDevice|os.ModeCharDevice) != 0:
		return fmt.Errorf("its entry %.200q is a device", entry.Name)
	case !mode.IsRegular():
		return fmt.Errorf("its entry %.200q is neither a file, a folder nor a link", entry.Name)
	case entry.Flags&1 != 0:
		return errors.New("the zip file is encrypted")
	case entry.UncompressedSize64 > 1<<62:
		return w.hasRoom(1 << 62)
	}
	from, err := entry.Open()
	if err != nil {
		return fmt.Errorf("its entry %.200q cannot be read: %v", entry.Name, err)
	}
	defer func() { _ = from.Close() }()
	return w.file(name, from, int64(entry.UncompressedSize64), zipMode(entry), entry.Modified)
}

// slashes gives the name with the separators it was meant to have: some systems write their own.
func slashes(entry *zip.File) string {
	const fat, ntfs, vfat = 0, 10, 14
	if system := entry.CreatorVersion >> 8; system == fat || system == ntfs || system == vfat {
		return strings.ReplaceAll(entry.Name, "\\", "/")
	}
	return entry.Name
}

// zipMode is what the archive says, where it was made on a system that knows modes.
func zipMode(entry *zip.File) os.FileMode {
	const unix, macOS = 3, 19
	if system := entry.CreatorVersion >> 8; system != unix && system != macOS {
		if entry.Mode().IsDir() {
			return folderMode
		}
		return 0o644
	}
	return entry.Mode().Perm()
}

func readTarget(entry *zip.File) (string, error) {
	from, err := entry.Open()
	if err != nil {
		return "", fmt.Errorf("its link %.200q cannot be read: %v", entry.Name, err)
	}
	defer func() { _ = from.Close() }()
	target, err := io.ReadAll(io.LimitReader(from, maxTarget+1))
	if err != nil {
		return "", fmt.Errorf("its link %.200q cannot be read: %v", entry.Name, err)
	}
	return string(target), nil
}
