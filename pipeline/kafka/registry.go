package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/connect"
	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// registry reads schemas, and waits for a registry that is down: a record is
// never given up because its schema cannot be asked for just now.
type registry struct {
	name   string
	access *connect.Registry
	client *sr.Client
	log    *slog.Logger

	mu    sync.Mutex
	known map[int32]*codec.Schema // an id never changes its schema

	outage outage

	told     atomic.Int64 // when it was last found out that it does not answer, ns
	answered atomic.Bool  // once it has, a wrong path is not why it does not
}

// tellEvery is how long nothing has to be told of a registry that does not answer
// before it is told again: many may wait for it.
const tellEvery = time.Second

// latestVersion is how the registry's API spells the newest version.
const latestVersion = -1

func newRegistry(access *connect.Registry, log *slog.Logger) (*registry, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = atOnce, atOnce
	client, err := sr.NewClient(sr.URLs(strings.TrimSuffix(access.URL, "/")), sr.UserAgent("aggrun"),
		sr.HTTPClient(&http.Client{Timeout: 10 * time.Second, Transport: access.Transport(transport)}))
	if err != nil {
		return nil, stop("%s registry %s: %v", access.Name, access.URL, err)
	}
	return &registry{name: access.Name, access: access, client: client, log: log, known: map[int32]*codec.Schema{}}, nil
}

// byID gives a writer schema; nil where the registry does not know the id.
func (r *registry) byID(ctx context.Context, id int32) (*codec.Schema, error) {
	r.mu.Lock()
	schema := r.known[id]
	r.mu.Unlock()
	if schema != nil {
		return schema, nil
	}
	err := r.ask(ctx, func() error {
		s, err := r.client.SchemaByID(ctx, int(id))
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		schema, err = r.parse(ctx, s)
		return err
	})
	if schema != nil {
		r.learn(id, schema)
	}
	return schema, err
}

// latest gives the newest schema of a subject; nil where there is none.
func (r *registry) latest(ctx context.Context, subject string) (*codec.Schema, error) {
	var schema *codec.Schema
	err := r.ask(ctx, func() error {
		s, err := r.client.SchemaByVersion(ctx, subject, latestVersion)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if schema, err = r.parse(ctx, s.Schema); err == nil {
			r.learn(int32(s.ID), schema)
		}
		return err
	})
	return schema, err
}

// learn keeps what schema an id stands for.
func (r *registry) learn(id int32, schema *codec.Schema) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[id] = schema
}

// parse reads a schema with those it refers to.
func (r *registry) parse(ctx context.Context, s sr.Schema) (*codec.Schema, error) {
	if s.Type != sr.TypeAvro {
		return nil, &schemaError{fmt.Errorf("the schema is %s, not Avro", s.Type)}
	}
	others := &needed{met: map[version]bool{}}
	if err := r.references(ctx, s.References, others); err != nil {
		return nil, err
	}
	parsed, err := codec.ParseSchema(s.Schema, others.texts...)
	if err != nil {
		return nil, &schemaError{err}
	}
	return parsed, nil
}

// needed are the schemas that one refers to, each once, however many refer to it.
type needed struct {
	texts []string // in the order of their need
	size  int      // of all texts, bytes
	met   map[version]bool
}

// version is one of a subject's schemas.
type version struct {
	subject string
	number  int
}

// mostNeeded bounds how many schemas one may refer to, by others too: each is a request.
const mostNeeded = 100

// references adds what a schema refers to.
func (r *registry) references(ctx context.Context, refs []sr.SchemaReference, into *needed) error {
	for _, ref := range refs {
		v := version{ref.Subject, ref.Version}
		if into.met[v] {
			continue
		}
		if into.met[v] = true; len(into.met) > mostNeeded {
			return &schemaError{fmt.Errorf("the schema refers to more than %d others", mostNeeded)}
		}
		s, err := r.client.SchemaByVersion(ctx, v.subject, v.number)
		if isNotFound(err) {
			return &schemaError{fmt.Errorf("the schema refers to version %d of subject %s, which the registry does not know", v.number, v.subject)}
		}
		if err != nil {
			return err
		}
		if into.size += len(s.Schema.Schema); into.size > codec.MaxSchema {
			return &schemaError{fmt.Errorf("the schemas that it refers to have more than %d bytes", codec.MaxSchema)}
		}
		if err := r.references(ctx, s.References, into); err != nil {
			return err
		}
		into.texts = append(into.texts, s.Schema.Schema)
	}
	return nil
}

// register describes a sink topic, once the registry says that readers of what
// is there already can go on. It gives the schema's id.
func (r *registry) register(ctx context.Context, subject string, derived *codec.Schema) (id int32, err error) {
	schema := sr.Schema{Schema: derived.Text()}
	err = r.ask(ctx, func() error {
		check, err := r.client.CheckCompatibility(ctx, subject, latestVersion, schema)
		if err != nil && !isNotFound(err) {
			return refusal(subject, err)
		}
		if err == nil && !check.Is {
			return stop("sink registry, subject %s: the derived schema is incompatible with the registered one: %s; "+
				"write to another sink.topic, or change the subject's compatibility level", subject, r.differences(ctx, subject, derived))
		}
		registered, err := r.client.RegisterSchema(ctx, subject, schema, -1, -1) // the registry chooses both numbers
		if err != nil {
			return refusal(subject, err)
		}
		id = int32(registered)
		return nil
	})
	return id, err
}

// differences says why a schema cannot follow the latest of its subject. Not
// every registry gives reasons, so they are found here.
func (r *registry) differences(ctx context.Context, subject string, derived *codec.Schema) string {
	s, err := r.client.SchemaByVersion(ctx, subject, latestVersion)
	if err != nil {
		return err.Error()
	}
	latest, err := r.parse(ctx, s.Schema)
	if err != nil {
		return err.Error()
	}
	if err := codec.Compatible(derived, latest); err != nil {
		return err.Error()
	}
	return "the registry gives no reason, and an earlier version or another rule must be why"
}

// refusal is a Stop where the registry answered that it does not want the schema.
func refusal(subject string, err error) error {
	var re *sr.ResponseError
	if errors.As(err, &re) && (re.StatusCode == http.StatusConflict || re.StatusCode == http.StatusUnprocessableEntity) {
		return stop("sink registry, subject %s: the derived schema is refused: %s", subject, re.Message)
	}
	return err
}

// schemaError is a schema that is there and cannot be used.
type schemaError struct{ err error }

func (e *schemaError) Error() string { return e.err.Error() }
func (e *schemaError) Unwrap() error { return e.err }

// ask tries until the registry answers. A refusal and a bad schema are answers, and so
// are that we may not ask, and an answer that is too long to be read.
func (r *registry) ask(ctx context.Context, call func() error) error {
	wait := backoff{least: 100 * time.Millisecond, most: 10 * time.Second}
	waiting := false
	defer func() { r.outage.over(waiting) }()
	for {
		err := call()
		if errors.Is(err, connect.ErrAnswer) {
			err = &schemaError{connect.ErrAnswer}
		}
		if err == nil || isAnswer(err) {
			r.answered.Store(true)
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if isElsewhere(err) && !r.answered.Load() {
			return stop("the %s registry does not answer as one: %v; is the registry's URL right?", r.name, err)
		}
		if refused := (*connect.Refusal)(nil); errors.As(r.access.Explain(err), &refused) {
			if isDenied(err) || !r.answered.Load() {
				return &pipeline.Stop{Msg: refused.Msg}
			}
			err = refused
		}
		waiting = r.outage.met(waiting)
		if now := time.Now().UnixNano(); now-r.told.Swap(now) > int64(tellEvery) {
			r.log.Warn("the registry does not answer; waiting", "registry", r.name, "error", err)
		}
		wait.sleep(ctx)
	}
}

func isAnswer(err error) bool {
	return errors.As(err, new(*pipeline.Stop)) || errors.As(err, new(*schemaError))
}

// isNotFound tells that the registry answered that a schema, subject or version
// is not there (codes 40401 to 40403 of its API). Another 404 comes from
// something that is no registry.
func isNotFound(err error) bool {
	var re *sr.ResponseError
	return errors.As(err, &re) && re.StatusCode == http.StatusNotFound && re.ErrorCode/100 == 404
}

// isElsewhere tells that something else than a registry answered.
func isElsewhere(err error) bool {
	var re *sr.ResponseError
	return errors.As(err, &re) && re.StatusCode == http.StatusNotFound && re.ErrorCode/100 != 404
}

func isDenied(err error) bool {
	var re *sr.ResponseError
	return errors.As(err, &re) && (re.StatusCode == http.StatusUnauthorized || re.StatusCode == http.StatusForbidden)
}
