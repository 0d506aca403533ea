package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
)

// Image is what an image says of itself.
type Image struct {
	ID     string `json:"Id"`
	Config struct {
		Entrypoint []string
		Cmd        []string
		User       string
		StopSignal string
	}
}

// InspectImage looks at an image that is on the machine; status 404 says that it is not.
func (c *Client) InspectImage(ctx context.Context, name string) (*Image, error) {
	var image Image
	return &image, c.get(ctx, "/images/"+strings.ReplaceAll(url.PathEscape(name), "%2F", "/")+"/json", &image)
}

// Progress of a pull: TotalBytes is what is known so far of the layers.
type Progress struct {
	DoneBytes  int64
	TotalBytes int64
}

// Pull fetches an image and tells how far it is after each line of the engine.
func (c *Client) Pull(ctx context.Context, name string, tell func(Progress)) error {
	from, tag := splitImage(name)
	a, err := exchange(ctx, c.Socket, "POST", c.api+"/images/create?fromImage="+url.QueryEscape(from)+"&tag="+url.QueryEscape(tag), nil)
	if err != nil {
		return err
	}
	defer a.close()
	if a.status >= 300 {
		return a.refusal()
	}
	layers := layers{}
	lines := json.NewDecoder(a.body)
	for {
		var line pullLine
		err := lines.Decode(&line)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return orContext(ctx, err)
		case line.ErrorDetail.Message != "":
			return &Error{Status: 500, Message: line.ErrorDetail.Message}
		case line.Error != "":
			return &Error{Status: 500, Message: line.Error}
		}
		if layers.take(line) {
			tell(layers.sum())
		}
	}
}

// splitImage parts a name from its tag or digest. Without a tag Docker would fetch them all.
func splitImage(name string) (from, tag string) {
	if at := strings.IndexByte(name, '@'); at >= 0 {
		return name[:at], name[at+1:]
	}
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		return name[:at], name[at+1:]
	}
	return name, "latest"
}

type pullLine struct {
	Status         string
	ID             string
	ProgressDetail struct{ Current, Total int64 }
	Error          string
	ErrorDetail    struct{ Message string }
}

type layers map[string]*Progress

// maxLayers are more than any image has.
const maxLayers = 1000

func (l layers) take(line pullLine) bool {
	if line.ID == "" || len(l) > maxLayers {
		return false
	}
	layer, known := l[line.ID]
	switch {
	case line.Status == "Downloading" && line.ProgressDetail.Current > 0:
		if !known {
			layer = &Progress{}
			l[line.ID] = layer
		}
		layer.DoneBytes = line.ProgressDetail.Current
		if line.ProgressDetail.Total > layer.TotalBytes {
			layer.TotalBytes = line.ProgressDetail.Total
		}
		if layer.DoneBytes > layer.TotalBytes {
			layer.TotalBytes = layer.DoneBytes
		}
		return true
	case known && (line.Status == "Download complete" || line.Status == "Pull complete"):
		layer.DoneBytes = layer.TotalBytes
		return true
	}
	return false
}

func (l layers) sum() Progress {
	var sum Progress
	for _, layer := range l {
		sum.DoneBytes += layer.DoneBytes
		sum.TotalBytes += layer.TotalBytes
	}
	return sum
}

// why of a pull that failed: what people can do something about, by the words that engines use.
var why = []struct {
	words string
	marks []string
}{
	{"the disk of the engine is full", []string{"no space left"}},
	{"the registry wants a login, or has no such image", []string{"pull access denied", "unauthorized", "authentication required", "requested access to the resource is denied"}},
	{"there is no such image", []string{"manifest unknown", "not found", "name unknown", "no such image", "repository does not exist"}},
	{"the registry limits how often it is asked", []string{"toomanyrequests", "rate limit"}},
	{"the registry cannot be reached", []string{
		"no such host", "dial tcp", "connection refused", "network is unreachable", "i/o timeout", "timeout", "lookup ", "no route to host", "EOF", "server misbehaving",
	}},
	{"the registry's certificate is not trusted", []string{"x509", "certificate"}},
}

// PullWords says why an image could not be fetched.
func PullWords(image string, err error) string {
	if !Answered(err) && !errors.Is(err, context.Canceled) {
		return "cannot pull " + image + ": the engine does not answer: " + err.Error()
	}
	text := strings.ToLower(err.Error())
	for _, row := range why {
		for _, mark := range row.marks {
			if strings.Contains(text, strings.ToLower(mark)) {
				return "cannot pull " + image + ": " + row.words + " (" + oneLine(err.Error()) + ")"
			}
		}
	}
	return "cannot pull " + image + ": " + oneLine(err.Error())
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
