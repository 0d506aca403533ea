package container

import (
	"strings"
	"time"

	"mesolite/agent/internal/engine"
	"mesolite/agent/internal/wire"
)

// progressEvery is how often the progress of a pull is told at most.
const progressEvery = 250 * time.Millisecond

// image brings the image of a task onto the machine as its pull policy says.
func (r *Runner) image(l *life, client *engine.Client) (image *engine.Image, words string) {
	c := l.info.Container
	found, err := client.InspectImage(l.ctx, c.Image)
	switch {
	case err != nil && !engine.IsStatus(err, 404):
		return nil, engineWords(err)
	case err == nil && c.Pull != "always":
		return found, ""
	case c.Pull == "never":
		return nil, "image " + c.Image + " is not on this machine, and the task says never to pull it"
	}
	if err := r.pull(l, client); err != nil {
		return nil, engine.PullWords(c.Image, err)
	}
	found, err = client.InspectImage(l.ctx, c.Image)
	if err != nil {
		return nil, "the engine does not find image " + c.Image + " after it was pulled: " + strings.TrimSpace(err.Error())
	}
	return found, ""
}

func (r *Runner) pull(l *life, client *engine.Client) error {
	var last time.Time
	tell := func(p engine.Progress) {
		event := wire.ProgressEvent{
			V: wire.Version, Event: "task-progress", TaskID: l.info.TaskID, Phase: wire.ProgressPull, What: l.info.Container.Image, DoneBytes: p.DoneBytes,
		}
		if p.TotalBytes > 0 {
			event.TotalBytes = &p.TotalBytes
		}
		r.Progress(event)
	}
	tell(engine.Progress{})
	last = time.Now()
	return client.Pull(l.ctx, l.info.Container.Image, func(p engine.Progress) {
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			tell(p)
		}
	})
}
