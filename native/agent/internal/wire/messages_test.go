package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type goldenMessage struct {
	Kind    string          `json:"kind"`
	Call    string          `json:"call"`
	Message json.RawMessage `json:"message"`
	Known   json.RawMessage `json:"known"`
}

// shapes of params and result of each call.
var paramsOf = map[string]func() interface{}{
	"artifact.find": func() interface{} { return &ArtifactFindParams{} }, "artifact.put": func() interface{} { return &ArtifactPutParams{} },
	"artifact.done": func() interface{} { return &StreamParams{} }, "results.list": func() interface{} { return &ResultsListParams{} },
	"hello": func() interface{} { return &HelloParams{} }, "sample.subscribe": func() interface{} { return &SubscribeParams{} },
	"task.launch": func() interface{} { return &LaunchParams{} }, "task.kill": func() interface{} { return &KillParams{} },
	"task.list": func() interface{} { return &ListParams{} }, "task.forget": func() interface{} { return &TaskParams{} },
	"update.ack": func() interface{} { return &AckParams{} }, "log.open": func() interface{} { return &LogOpenParams{} },
	"stream.credit": func() interface{} { return &CreditParams{} }, "stream.close": func() interface{} { return &StreamParams{} },
	"agent.shutdown": func() interface{} { return &ShutdownParams{} }, "ping": func() interface{} { return &Empty{} },
	"log.times": func() interface{} { return &LogTimesParams{} }, "log.search": func() interface{} { return &LogSearchParams{} },
	"sandbox.list": func() interface{} { return &SandboxListParams{} }, "sandbox.open": func() interface{} { return &SandboxOpenParams{} },
	"agent.configure": func() interface{} { return &ConfigureParams{} },
}

var resultOf = map[string]func() interface{}{
	"artifact.find": func() interface{} { return &ArtifactFindResult{} }, "artifact.put": func() interface{} { return &ArtifactPutResult{} },
	"results.list": func() interface{} { return &ResultsListResult{} },
	"hello":        func() interface{} { return &HelloResult{} }, "task.launch": func() interface{} { return &LaunchResult{} },
	"task.list": func() interface{} { return &ListResult{} }, "log.open": func() interface{} { return &LogOpenResult{} },
	"log.times": func() interface{} { return &LogTimesResult{} }, "log.search": func() interface{} { return &LogSearchResult{} },
	"sandbox.list": func() interface{} { return &SandboxListResult{} }, "sandbox.open": func() interface{} { return &SandboxOpenResult{} },
}

var eventOf = map[string]func() interface{}{
	"stream-credit": func() interface{} { return &StreamCreditEvent{} }, "task-progress": func() interface{} { return &ProgressEvent{} },
	"sample": func() interface{} { return &SampleEvent{} }, "status-update": func() interface{} { return &StatusEvent{} },
	"stream-end": func() interface{} { return &StreamEndEvent{} }, "lease-lost": func() interface{} { return &LeaseLostEvent{} },
	"stream-moved": func() interface{} { return &StreamMovedEvent{} },
}

// reencode parses a message into its shape and encodes that again.
func reencode(t *testing.T, golden goldenMessage) []byte {
	t.Helper()
	var value interface{}
	switch golden.Kind {
	case "request":
		request, err := ParseRequest(golden.Message)
		if err != nil {
			t.Fatal(err)
		}
		params := paramsOf[golden.Call]()
		strict(t, request.Params, params, golden.Known == nil)
		if launch, ok := params.(*LaunchParams); ok {
			if _, refusal := ParseTaskInfo(launch.Info); refusal != nil {
				t.Fatal(refusal)
			}
			var info TaskInfo
			strict(t, launch.Info, &info, true)
			encoded, err := Encode(info)
			if err != nil || !sameJSON(t, encoded, launch.Info) {
				t.Errorf("the task differs: %s", encoded)
			}
		}
		encoded, err := Encode(params)
		if err != nil {
			t.Fatal(err)
		}
		value = Request{V: request.V, ID: request.ID, Call: request.Call, Params: encoded}
	case "answer":
		var raw struct {
			V      int             `json:"v"`
			ID     int64           `json:"id"`
			Result json.RawMessage `json:"result"`
			Error  *Error          `json:"error"`
		}
		strict(t, golden.Message, &raw, true)
		answer := Answer{V: raw.V, ID: raw.ID, Error: raw.Error}
		if raw.Error == nil {
			answer.Result = &Empty{}
			if shape, ok := resultOf[golden.Call]; ok {
				answer.Result = shape()
			}
			strict(t, raw.Result, answer.Result, true)
		}
		value = answer
	case "event":
		var name struct {
			Event string `json:"event"`
		}
		if err := json.Unmarshal(golden.Message, &name); err != nil {
			t.Fatal(err)
		}
		value = eventOf[name.Event]()
		strict(t, golden.Message, value, true)
	}
	encoded, err := Encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// strict also fails on fields that our shape does not have.
func strict(t *testing.T, data []byte, into interface{}, all bool) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	if all {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

func TestGoldenMessagesAreTheSameAfterDecodingAndEncoding(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("../../../../test/fixtures/wire", "*.json"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "frames.json" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var golden goldenMessage
			if err := json.Unmarshal(data, &golden); err != nil {
				t.Fatal(err)
			}
			want := golden.Message
			if golden.Known != nil {
				want = golden.Known
			}
			if got := reencode(t, golden); !sameJSON(t, got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			seen[golden.Kind+golden.Call] = true
		})
	}
	for call := range paramsOf {
		if !seen["request"+call] || !seen["answer"+call] {
			t.Errorf("no fixture for request and answer of %s", call)
		}
	}
}

func TestTaskInfoIsRefusedWithTheField(t *testing.T) {
	data, err := os.ReadFile("../../../../test/fixtures/wire/request-task-launch.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Message struct {
			Params struct {
				Info map[string]interface{} `json:"info"`
			} `json:"params"`
		} `json:"message"`
	}
	cases := []struct {
		field  string
		change func(info, command map[string]interface{})
	}{
		{"taskId", func(i, _ map[string]interface{}) { i["taskId"] = "../../etc" }},
		{"taskId", func(i, _ map[string]interface{}) { i["taskId"] = "t-" }},
		{"taskId", func(i, _ map[string]interface{}) { i["taskId"] = "t-" + strings.Repeat("a", 61) }},
		{"taskId", func(i, _ map[string]interface{}) { i["taskId"] = "t-a/b" }},
		{"name", func(i, _ map[string]interface{}) { i["name"] = "" }},
		{"killPolicy.graceMs", func(i, _ map[string]interface{}) { i["killPolicy"] = map[string]int{"graceMs": -1} }},
		{"resources", func(i, _ map[string]interface{}) { i["resources"] = map[string]int{"cpusMilli": -1} }},
		{"command.value", func(_, c map[string]interface{}) { c["value"] = "" }},
		{"command.value", func(_, c map[string]interface{}) { c["value"] = "a\x00b" }},
		{"command.arguments", func(_, c map[string]interface{}) { c["arguments"] = []string{"a\x00"} }},
		{"command.environment", func(_, c map[string]interface{}) {
			c["environment"] = []map[string]string{{"name": "A=B", "value": ""}}
		}},
		{"command.workingFolder", func(_, c map[string]interface{}) { c["workingFolder"] = "" }},
		{"command.user", func(_, c map[string]interface{}) { c["user"] = "" }},
		{"", func(i, _ map[string]interface{}) { i["command"] = "ls" }},
	}
	for _, bad := range cases {
		if err := json.Unmarshal(data, &golden); err != nil {
			t.Fatal(err)
		}
		info := golden.Message.Params.Info
		bad.change(info, info["command"].(map[string]interface{}))
		raw, err := json.Marshal(info)
		if err != nil {
			t.Fatal(err)
		}
		_, refusal := ParseTaskInfo(raw)
		if refusal == nil || refusal.Code != CodeInvalid || !strings.HasPrefix(refusal.Detail, bad.field) {
			t.Errorf("%s: %v", bad.field, refusal)
		}
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	for _, text := range []string{"", "null", "1", "[]", `{"v":1,"id":0,"call":"ping"}`, `{"v":1,"id":1}`, `{"v":1,"id":"1","call":"ping"}`, `{"id":1e99,"call":"ping"}`} {
		if _, err := ParseRequest([]byte(text)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
