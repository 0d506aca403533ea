package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"mesolite/agent/internal/beneath"
	"mesolite/agent/internal/errand"
)

// Kinds of errands.
const (
	kindFetch  = "fetch"  // an address into a file that is handed over
	kindInto   = "into"   // an address straight into the sandbox
	kindPlace  = "place"  // a file into the sandbox
	kindUnpack = "unpack" // an archive into the sandbox
)

// progressEvery is how often a child tells of its progress at most.
const progressEvery = 250 * time.Millisecond

type progressLine struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"` // -1: nobody knows
}

type intoJob struct {
	Place    Place    `json:"place"`
	Download Download `json:"download"`
}

// Kinds are what the child can do.
func Kinds() map[string]func(*errand.Work) error {
	return map[string]func(*errand.Work) error{kindFetch: doFetch, kindInto: doInto, kindPlace: doPlace, kindUnpack: doUnpack}
}

func teller(work *errand.Work) func(done, total int64) {
	var last time.Time
	whole := false
	return func(done, total int64) {
		if now := time.Now(); now.Sub(last) >= progressEvery || done == total && !whole {
			last, whole = now, done == total
			work.Tell(progressLine{done, total})
		}
	}
}

var errFiles = errors.New("the order lacks its files")

func read(work *errand.Work, job interface{}, files int) error {
	if len(work.Files) != files {
		return errFiles
	}
	return json.Unmarshal(work.Job, job)
}

func doFetch(work *errand.Work) error {
	var job Download
	if err := read(work, &job, 1); err != nil {
		return err
	}
	return job.Run(context.Background(), work.Files[0], teller(work))
}

func doInto(work *errand.Work) error {
	var job intoJob
	if err := read(work, &job, 1); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if job.Place.Executable {
		mode = 0o755
	}
	file, err := beneath.RootOf(work.Files[0]).Create(job.Place.Path, mode, folderMode)
	if err != nil {
		return placeWords(err)
	}
	err = job.Download.Run(context.Background(), file, teller(work))
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func doPlace(work *errand.Work) error {
	var job Place
	if err := read(work, &job, 2); err != nil {
		return err
	}
	return job.Run(beneath.RootOf(work.Files[1]), work.Files[0], teller(work))
}

func doUnpack(work *errand.Work) error {
	var job Unpack
	if err := read(work, &job, 2); err != nil {
		return err
	}
	return job.Run(beneath.RootOf(work.Files[1]), work.Files[0], teller(work))
}
