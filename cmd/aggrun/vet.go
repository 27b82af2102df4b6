package main

import (
	"context"

	"github.com/spf13/pflag"
)

func vetCommand() command {
	return command{
		name: "vet",
		doc:  "check specs, offline",
		long: `Checks the shape and the meaning of specs, without a cluster, and prints every
mistake found as file:line:col: path: what is wrong. What topics and schemas
hold is checked when a pipeline starts. No output means that all is well.

	aggrun vet -f pipelines/ -f env/prod.cue
`,
		bind: func(fs *pflag.FlagSet) action {
			var f specs
			f.bind(fs)
			return func(context.Context, streams, []string) error {
				_, _, err := f.load()
				return err
			}
		},
	}
}
