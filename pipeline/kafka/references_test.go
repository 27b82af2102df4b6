package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aggrun/aggrun/connect"
)

// answering is a registry that answers by path, and that counts.
func answering(t *testing.T, answer func(path string) (status int, body string)) (r *registry, asked *int) {
	t.Helper()
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		*asked++
		status, body := answer(req.URL.Path)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client sees what is cut short
	}))
	t.Cleanup(s.Close)
	r, err := newRegistry(connect.Open("source", s.URL), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return r, asked
}

// referring is a registry's answer: a schema that refers to version 1 of subjects.
func referring(text string, subjects ...string) string {
	answer := map[string]any{"schema": text}
	var refs []map[string]any
	for _, s := range subjects {
		refs = append(refs, map[string]any{"name": s, "subject": s, "version": 1})
	}
	if len(refs) > 0 {
		answer["references"] = refs
	}
	data, _ := json.Marshal(answer) // of texts
	return string(data)
}

// What a schema refers to is asked for once each and up to a bound, and what is wrong
// with it is wrong with the schema: nothing waits for it.
func TestReferences(t *testing.T) {
	const root = "/schemas/ids/7"
	huge := strings.Repeat("x", 4<<20)
	var names []string
	for i := range 300 {
		names = append(names, fmt.Sprintf("s%d", i))
	}
	for name, c := range map[string]struct {
		answer func(path string) (int, string)
		most   int // requests
		want   string
	}{
		"an unknown subject": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"gone"`, "gone")
				}
				return 404, `{"error_code":40401,"message":"Subject not found"}`
			}, 2, "the schema refers to version 1 of subject gone, which the registry does not know",
		},
		"an unknown version": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"gone"`, "gone")
				}
				return 404, `{"error_code":40402,"message":"Version not found"}`
			}, 2, "the schema refers to version 1 of subject gone, which the registry does not know",
		},
		"an answer too long": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"long"`, "a")
				}
				return 200, referring(strings.Repeat("x", connect.MaxAnswer))
			}, 2, "the registry's answer is larger than 8 MiB",
		},
		"the same one often": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"long"`, slices.Repeat([]string{"a"}, 300)...)
				}
				return 200, referring(`"long"`)
			}, 2, "<nil>",
		},
		"itself": {func(string) (int, string) { return 200, referring(`"long"`, "a") }, 2, "<nil>"},
		"a tree": {
			func(path string) (int, string) {
				var depth int
				if _, err := fmt.Sscanf(path, "/subjects/d%d/", &depth); err == nil && depth == 16 {
					return 200, referring(`"long"`)
				}
				return 200, referring(`"long"`, fmt.Sprint("d", depth+1), fmt.Sprint("d", depth+1))
			}, 17, "<nil>",
		},
		"too many": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"long"`, names...)
				}
				return 200, referring(`"long"`)
			}, 101, "the schema refers to more than 100 others",
		},
		"a chain without end": {
			func(path string) (int, string) {
				var depth int
				_, _ = fmt.Sscanf(path, "/subjects/d%d/", &depth) // 0 of the first
				return 200, referring(`"long"`, fmt.Sprint("d", depth+1))
			}, 101, "the schema refers to more than 100 others",
		},
		"too much": {
			func(path string) (int, string) {
				if path == root {
					return 200, referring(`"long"`, names...)
				}
				return 200, referring(huge)
			}, 2, "the schemas that it refers to have more than 1048576 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, asked := answering(t, c.answer)
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			schema, err := r.byID(ctx, 7)
			if fmt.Sprint(err) != c.want || (schema == nil) != (err != nil) || *asked > c.most {
				t.Errorf("%d requests, at most %d: %v, want %s", *asked, c.most, err, c.want)
			}
		})
	}
}

// An answer that is too long is one, whatever was asked.
func TestLatestAnswerBound(t *testing.T) {
	r, asked := answering(t, func(string) (int, string) { return 200, referring(strings.Repeat("x", connect.MaxAnswer)) })
	schema, err := r.latest(context.Background(), "a")
	if schema != nil || fmt.Sprint(err) != connect.ErrAnswer.Error() || *asked != 1 {
		t.Errorf("%d requests: %v, %v", *asked, schema, err)
	}
}
