package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/aggrun/aggrun/pipeline"
	"github.com/aggrun/aggrun/pipeline/codec"
)

// What describes sinks in their registry. The shards' lock is not held while a
// registry is asked: others decode meanwhile.

// describe adds the fields of a topic's schema to its shard and registers what
// follows for the sink.
func (s *shards) describe(ctx context.Context, topic string, partitions int, schema *codec.Schema) error {
	sh, err := s.learn(topic, partitions, schema)
	if sh == nil || err != nil {
		return err
	}
	_, err = s.encoding(ctx, sh)
	return err
}

// learn adds the fields of a topic's schema to its shard; nil while there is
// nothing to tell of it.
func (s *shards) learn(topic string, partitions int, schema *codec.Schema) (*shard, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.of(topic)
	t.partitions = partitions
	s.byTopic[topic] = t
	if schema == nil {
		return nil, nil
	}
	if err := s.grow(t, schema); err != nil {
		return nil, err
	}
	if len(t.layouts[t.source].Fields)+len(s.plan.Spec.Aggregates) == 0 {
		return nil, nil
	}
	return t.shard, nil
}

// encoding gives an encoder for all that the layouts have, its schema registered:
// one after the other for a sink, so that what is registered grows.
func (s *shards) encoding(ctx context.Context, sh *shard) (*codec.Encoder, error) {
	sh.registering.Lock()
	defer sh.registering.Unlock()
	encoder, out, grown, err := s.output(sh)
	if encoder != nil || err != nil {
		return encoder, err
	}
	id, err := s.registerOutput(ctx, sh.sink, out)
	if len(out.Group) > 0 && errors.As(err, new(*pipeline.Stop)) {
		id, err = s.registerOutput(ctx, sh.sink, out) // another worker may just have registered other types of groups
	}
	if err != nil {
		return nil, err
	}
	encoder = codec.NewEncoder(id, out, s.plan.Spec.Sink.Nulls).Filling(s.empty)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.grown == grown {
		sh.encoder = encoder
	}
	return encoder, nil
}

// output is the encoder of a sink, or what one is to be made for, and how often
// the sink had grown by then.
func (s *shards) output(sh *shard) (encoder *codec.Encoder, out pipeline.Output, grown int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.encoder == nil {
		out, err = s.plan.Output(sh.layouts)
	}
	return sh.encoder, out, sh.grown, err
}

// registerOutput registers the schema of a sink's records, whose group values
// keep the types they have in the registered one.
func (s *shards) registerOutput(ctx context.Context, sink string, out pipeline.Output) (int32, error) {
	if err := s.keepGroups(ctx, sink, out); err != nil {
		return 0, err
	}
	schema, err := codec.SinkSchema(sink, s.plan.Spec.Sink, out)
	if err != nil {
		return 0, stop("sink schema of %s: %v", sink, err)
	}
	return s.sink.register(ctx, sink+"-value", schema)
}

// keepGroups adds the types that group values have in the registered schema: the
// records there may be of writer schemas that this process has not met.
func (s *shards) keepGroups(ctx context.Context, sink string, out pipeline.Output) error {
	if len(out.Group) == 0 {
		return nil
	}
	registered, err := s.sink.latest(ctx, sink+"-value")
	if errors.As(err, new(*schemaError)) {
		registered, err = nil, nil // nothing of ours: registering tells
	}
	if registered == nil || err != nil {
		return err
	}
	for i := range out.Group {
		g := &out.Group[i]
		if info, ok, err := registered.Field(g.Name); ok && err == nil {
			g.Types = append(g.Types, info.KeyTypes...)
			slices.Sort(g.Types)
			g.Types = slices.Compact(g.Types)
		}
	}
	return nil
}
