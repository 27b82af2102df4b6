package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
)

// journal is the changes that made a registry what it is, in order, in one file.
// Doing them again from nothing gives the same versions and ids.
type journal struct {
	path    string // "": kept in memory alone
	changes []change
}

// change is a request that changes a registry.
type change struct {
	Method string          `json:"method"`
	Path   string          `json:"path"` // with its query
	Body   json.RawMessage `json:"body,omitempty"`
}

// maxRequest bounds a request's body: a schema of the largest size, as JSON.
const maxRequest = 2 << 20

func readChange(req *http.Request) (change, error) {
	c := change{Method: req.Method, Path: req.URL.RequestURI()}
	body, err := io.ReadAll(http.MaxBytesReader(nil, req.Body, maxRequest))
	if err == nil && len(body) > 0 && !json.Valid(body) {
		err = errors.New("the request's body is not JSON")
	}
	if err != nil {
		return c, invalid(err)
	}
	c.Body = body
	return c, nil
}

// do asks h for the change, without a network.
func (c change) do(h http.Handler) *answer {
	a := &answer{header: http.Header{}, status: http.StatusOK}
	req, err := http.NewRequest(c.Method, c.Path, bytes.NewReader(c.Body))
	if err != nil {
		refuse(a, err)
		return a
	}
	h.ServeHTTP(a, req)
	return a
}

// answer is a response, kept.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) ok() bool                    { return a.status < http.StatusMultipleChoices }

func (a *answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body.Bytes()) //nolint:errcheck // the client has gone
}

// replay reads the file, if there is one, and does its changes to h.
func (j *journal) replay(h http.Handler) error {
	if j.path == "" {
		return nil
	}
	text, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &j.changes); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	for i, c := range j.changes {
		if a := c.do(h); !a.ok() {
			return fmt.Errorf("%s: change %d, %s %s: %s", j.path, i+1, c.Method, c.Path, a.body.Bytes())
		}
	}
	return nil
}

// append adds a change. The file is replaced whole, so that it is never half written.
func (j *journal) append(c change) error {
	if j.path == "" {
		return nil
	}
	j.changes = append(j.changes, c)
	text, err := json.MarshalIndent(j.changes, "", " ")
	if err != nil {
		return err
	}
	draft := j.path + ".new"
	if err := os.WriteFile(draft, text, 0o644); err != nil {
		return err
	}
	return os.Rename(draft, j.path)
}
