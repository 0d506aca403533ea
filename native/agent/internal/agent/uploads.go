package agent

import (
	"errors"
	"sync"
	"time"

	"mesolite/agent/internal/fetch"
	"mesolite/agent/internal/wire"
)

const (
	maxUploads = 8
	maxFind    = 256
	// claimLimit is how long an upload waits for whoever writes the same artifact: a connection that just broke, most
	// likely.
	claimLimit = 5 * time.Second
)

// uploads of one connection: its reader hands data over, the loop opens and closes.
type uploads struct {
	mu     sync.Mutex
	list   map[uint32]*fetch.Upload
	hashes map[string]uint32 // also of those that are about to begin
	closed bool
}

// push gives data to its upload. Data of no upload is left: it may have ended a moment ago.
func (u *uploads) push(id uint32, data []byte) bool {
	u.mu.Lock()
	upload := u.list[id]
	u.mu.Unlock()
	return upload == nil || upload.Push(data)
}

func (u *uploads) get(id uint32) *fetch.Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.list[id]
}

// reserve takes the place of an upload.
func (u *uploads) reserve(id uint32, hash string) *wire.Error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, runs := u.hashes[hash]; runs {
		return wire.Refuse(wire.CodeConflict, "artifact-busy", "this artifact is being uploaded already")
	}
	if len(u.hashes) >= maxUploads {
		return wire.Refuse(wire.CodeExhausted, "too-many-uploads", "at most %d uploads at a time", maxUploads)
	}
	if u.hashes == nil {
		u.hashes, u.list = map[string]uint32{}, map[uint32]*fetch.Upload{}
	}
	u.hashes[hash] = id
	return nil
}

// add makes it known to the reader; false: the connection has ended meanwhile.
func (u *uploads) add(upload *fetch.Upload) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.list[upload.ID] = upload
	return true
}

// over gives the place back. The upload itself stays known for a word about its end, until the next one takes over.
func (u *uploads) over(id uint32, hash string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.hashes, hash)
	const keep = 64
	for old, upload := range u.list {
		if old+keep < id && upload.IsOver() {
			delete(u.list, old)
		}
	}
}

func (u *uploads) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for _, upload := range u.list {
		upload.Close()
	}
}

func (a *Agent) artifactFind(r request) *wire.Error {
	var params wire.ArtifactFindParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	if len(params.SHA256) > maxFind {
		return wire.Refuse(wire.CodeInvalid, "params", "at most %d at a time", maxFind)
	}
	r.from.answer(r.ID, wire.ArtifactFindResult{Present: a.artifacts.cache.Find(params.SHA256)})
	return nil
}

func (a *Agent) artifactPut(r request) *wire.Error {
	var params wire.ArtifactPutParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	cache := a.artifacts.cache
	switch {
	case !wire.ValidSHA256(params.SHA256) || params.SizeBytes < 0:
		return wire.Refuse(wire.CodeInvalid, "params", "needs a SHA-256 in hex and a size")
	case params.SizeBytes > cache.CapBytes():
		return wire.Refuse(wire.CodeExhausted, "cache-small", "it has %d MiB, and the cache of this machine %d MiB", params.SizeBytes>>20, cache.CapBytes()>>20)
	}
	r.from.next++
	id := r.from.next
	if refusal := r.from.uploads.reserve(id, params.SHA256); refusal != nil {
		return refusal
	}
	go func() {
		over := func() { r.from.uploads.over(id, params.SHA256) }
		part, refusal := openPart(cache, params)
		if refusal != nil {
			over()
			r.from.refuse(r.ID, refusal)
			return
		}
		upload := fetch.NewUpload(id, params, part, func(message interface{}) { _ = r.from.conn.Send(message) }) // ended: it knows
		if !r.from.uploads.add(upload) {
			upload.Close()
		}
		r.from.answer(r.ID, wire.ArtifactPutResult{Stream: id, Offset: upload.Offset()})
		upload.Run(over)
	}()
	return nil
}

// openPart gives the part to go on with, or nil when the artifact is there.
func openPart(cache *fetch.Cache, params wire.ArtifactPutParams) (*fetch.Partial, *wire.Error) {
	limit := make(chan struct{})
	timer := time.AfterFunc(claimLimit, func() { close(limit) })
	defer timer.Stop()
	for {
		if len(cache.Find([]string{params.SHA256})) > 0 {
			return nil, nil
		}
		part, err := cache.Claim(params.SHA256)
		switch {
		case errors.Is(err, fetch.ErrBusy):
			select {
			case <-limit:
				return nil, wire.Refuse(wire.CodeConflict, "artifact-busy", "this artifact is being written already")
			default:
				cache.Await(params.SHA256, limit)
			}
			continue
		case err != nil:
			return nil, wire.Refuse(wire.CodeExhausted, "artifact-disk", "%v", err)
		}
		if err := part.Fit(params.SizeBytes); err != nil {
			part.Leave()
			return nil, wire.Refuse(wire.CodeExhausted, "artifact-disk", "%v", err)
		}
		if !cache.MakeRoom(params.SizeBytes - part.Size) {
			part.Leave()
			return nil, wire.Refuse(wire.CodeExhausted, "disk-full", "it needs %d MiB, and this machine has room for %d MiB", (params.SizeBytes-part.Size)>>20, cache.RoomBytes()>>20)
		}
		return part, nil
	}
}

func (a *Agent) artifactDone(r request) *wire.Error {
	var params wire.StreamParams
	if refusal := decode(r, &params); refusal != nil {
		return refusal
	}
	upload := r.from.uploads.get(params.Stream)
	if upload == nil {
		return wire.Refuse(wire.CodeNotFound, "stream", "no upload has the number %d", params.Stream)
	}
	upload.Done(r.from.reply(r.ID))
	return nil
}
