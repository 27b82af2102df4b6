package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// registry adds to srfake, which stores and answers, what a registry must refuse.
type registry struct {
	mu      sync.Mutex // held over a change: check, store and journal are one
	fake    http.Handler
	store   *srfake.Registry
	journal *journal
}

// The codes of Confluent's API.
const (
	codeInvalidSchema = 42201
	codeIncompatible  = http.StatusConflict
)

// refusal is an error that a client is to see.
type refusal struct {
	status, code int
	message      string
}

func (r *refusal) Error() string { return r.message }

func invalid(err error) error {
	return &refusal{http.StatusUnprocessableEntity, codeInvalidSchema, err.Error()}
}

// openRegistry makes a registry that has what the journal at path holds; one with
// no path keeps nothing.
func openRegistry(path string) (*registry, error) {
	store := srfake.NewRegistry()
	r := &registry{store: store, fake: store.Handler(), journal: &journal{path: path}}
	return r, r.journal.replay(r.fake)
}

func (r *registry) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", r.fake)
	mux.Handle("POST /subjects/{subject}", r.fake)
	mux.HandleFunc("PUT /", r.change)
	mux.HandleFunc("DELETE /", r.change)
	mux.HandleFunc("POST /subjects/{subject}/versions", r.register)
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions", r.check)
	mux.HandleFunc("POST /compatibility/subjects/{subject}/versions/{version}", r.check)
	return mux
}

// change applies and keeps a change that needs no check: of levels, of modes, and
// deletions.
func (r *registry) change(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := readChange(req)
	if err != nil {
		refuse(w, err)
		return
	}
	r.apply(w, c)
}

func (r *registry) apply(w http.ResponseWriter, c change) {
	a := c.do(r.fake)
	if a.ok() {
		if err := r.journal.append(c); err != nil {
			refuse(w, err)
			return
		}
	}
	a.write(w)
}

// register stores a version of a subject. One that the subject has is answered
// with its id, whatever it is compatible with.
func (r *registry) register(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := readChange(req)
	if err != nil {
		refuse(w, err)
		return
	}
	subject := req.PathValue("subject")
	schema, err := r.parse(c.Body)
	if err != nil {
		refuse(w, err)
		return
	}
	lookup := change{Method: http.MethodPost, Path: "/subjects/" + url.PathEscape(subject), Body: c.Body}
	if lookup.do(r.fake).ok() {
		c.do(r.fake).write(w)
		return
	}
	reasons, err := r.compare(subject, schema)
	if err == nil && len(reasons) > 0 {
		err = &refusal{http.StatusConflict, codeIncompatible,
			fmt.Sprintf("the schema is incompatible with subject %s: %s", subject, strings.Join(reasons, "; "))}
	}
	if err != nil {
		refuse(w, err)
		return
	}
	r.apply(w, c)
}

// check answers whether a schema could be registered, without doing so.
func (r *registry) check(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reasons, err := r.reasons(req)
	if err != nil {
		refuse(w, err)
		return
	}
	result := map[string]any{"is_compatible": len(reasons) == 0}
	if req.URL.Query().Get("verbose") == "true" {
		result["messages"] = append([]string{}, reasons...)
	}
	respond(w, http.StatusOK, result)
}

func (r *registry) reasons(req *http.Request) ([]string, error) {
	c, err := readChange(req)
	if err != nil {
		return nil, err
	}
	schema, err := r.parse(c.Body)
	if err != nil {
		return nil, err
	}
	subject, version := req.PathValue("subject"), req.PathValue("version")
	if version == "" {
		return r.compare(subject, schema)
	}
	l, err := r.level(subject)
	if err != nil {
		return nil, err
	}
	var stored sr.SubjectSchema
	if err := r.get(&stored, "subjects", subject, "versions", version); err != nil {
		return nil, err
	}
	return r.compareWith(l, schema, stored)
}

// parse reads the schema of a request, and the schemas that it refers to.
func (r *registry) parse(body json.RawMessage) (*codec.Schema, error) {
	var s sr.Schema
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, invalid(err)
	}
	if s.Type != sr.TypeAvro {
		return nil, invalid(fmt.Errorf("schema type %s: the embedded registry takes AVRO alone", s.Type))
	}
	texts, err := r.references(s, nil)
	if err != nil {
		return nil, err
	}
	parsed, err := codec.ParseSchema(s.Schema, texts...)
	if err != nil {
		return nil, invalid(err)
	}
	return parsed, nil
}

// references appends the texts of the schemas that s refers to, each after its own.
// Those are stored, and so end.
func (r *registry) references(s sr.Schema, texts []string) ([]string, error) {
	for _, ref := range s.References {
		stored, ok := r.store.GetSchema(ref.Subject, ref.Version)
		if !ok {
			return nil, invalid(fmt.Errorf("reference %s: subject %s has no version %d", ref.Name, ref.Subject, ref.Version))
		}
		var err error
		if texts, err = r.references(stored.Schema, texts); err != nil {
			return nil, err
		}
		texts = append(texts, stored.Schema.Schema)
	}
	return texts, nil
}

// get asks the store, and gives its refusal as an error.
func (r *registry) get(into any, path ...string) error {
	for i, p := range path {
		path[i] = url.PathEscape(p)
	}
	a := change{Method: http.MethodGet, Path: "/" + strings.Join(path, "/")}.do(r.fake)
	if a.ok() {
		return json.Unmarshal(a.body.Bytes(), into)
	}
	var e struct {
		Code    int    `json:"error_code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(a.body.Bytes(), &e); err != nil {
		return err
	}
	return &refusal{a.status, e.Code, e.Message}
}

func refuse(w http.ResponseWriter, err error) {
	r := &refusal{http.StatusInternalServerError, http.StatusInternalServerError, err.Error()}
	errors.As(err, &r)
	respond(w, r.status, map[string]any{"error_code": r.code, "message": r.message})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the client has gone
}
