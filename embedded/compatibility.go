package embedded

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/aggrun/aggrun/pipeline/codec"
)

// level is what a compatibility level asks of a new version.
type level struct {
	backward bool // it reads what the earlier ones wrote
	forward  bool // the earlier ones read what it writes
	all      bool // all earlier ones, not the latest alone
}

var levels = map[sr.CompatibilityLevel]level{
	sr.CompatNone:               {},
	sr.CompatBackward:           {backward: true},
	sr.CompatBackwardTransitive: {backward: true, all: true},
	sr.CompatForward:            {forward: true},
	sr.CompatForwardTransitive:  {forward: true, all: true},
	sr.CompatFull:               {backward: true, forward: true},
	sr.CompatFullTransitive:     {backward: true, forward: true, all: true},
}

func (r *registry) level(subject string) (level, error) {
	var config struct {
		Level sr.CompatibilityLevel `json:"compatibilityLevel"`
	}
	err := r.get(&config, "config", subject)
	return levels[config.Level], err
}

// compare gives the reasons why a schema may not be the subject's next version.
func (r *registry) compare(subject string, schema *codec.Schema) ([]string, error) {
	l, err := r.level(subject)
	if err != nil {
		return nil, err
	}
	var versions []int
	err = r.get(&versions, "subjects", subject, "versions")
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	slices.Sort(versions)
	if !l.all && len(versions) > 0 {
		versions = versions[len(versions)-1:]
	}
	var reasons []string
	for _, v := range versions {
		var stored sr.SubjectSchema
		if err := r.get(&stored, "subjects", subject, "versions", strconv.Itoa(v)); err != nil {
			return nil, err
		}
		more, err := r.compareWith(l, schema, stored)
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, more...)
	}
	return reasons, nil
}

func (r *registry) compareWith(l level, schema *codec.Schema, stored sr.SubjectSchema) (reasons []string, err error) {
	texts, err := r.references(stored.Schema, nil)
	if err != nil {
		return nil, err
	}
	earlier, err := codec.ParseSchema(stored.Schema.Schema, texts...)
	if err != nil {
		return nil, err
	}
	add := func(what string, err error) {
		var differences codec.Differences
		errors.As(err, &differences)
		for _, d := range differences {
			reasons = append(reasons, fmt.Sprintf("%s version %d: %s", what, stored.Version, d))
		}
	}
	if l.backward {
		add("not BACKWARD compatible with", codec.Compatible(schema, earlier))
	}
	if l.forward {
		add("not FORWARD compatible with", codec.Compatible(earlier, schema))
	}
	return reasons, nil
}
