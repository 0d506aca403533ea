package beneath

import (
	"os"
	"syscall"
)

// passFlags opens a folder on the way.
const passFlags = folderFlags

func (r *Root) find(name string, how way) (int, error) { return r.walk(name, how) }

// openPlain: there is no opening of a place alone here, so what was opened is looked at once more: it may have been
// replaced in between.
func (r *Root) openPlain(name string, flags int) (*os.File, error) {
	file, err := r.open(name, way{flags: flags, follow: true, plain: true})
	if err != nil {
		return nil, err
	}
	var stat syscall.Stat_t
	err = syscall.Fstat(int(file.Fd()), &stat)
	if err == nil && !isPlain(&stat) {
		err = ErrKind
	}
	if err != nil {
		_ = file.Close() // not given
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}
