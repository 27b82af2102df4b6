package main

import (
	"fmt"

	"github.com/spf13/pflag"
)

// environment is the annotation of a flag that lists the variables which stand
// in for it.
const environment = "environment"

// orEnvironment lets variables stand in for a flag, the first that is set and
// not empty: flags beat the environment, which beats specs.
func orEnvironment(fs *pflag.FlagSet, flag string, variables ...string) {
	if err := fs.SetAnnotation(flag, environment, variables); err != nil {
		panic(err) // no such flag
	}
}

// fromEnvironment sets the flags that the command line left out.
func fromEnvironment(fs *pflag.FlagSet, env func(string) (string, bool)) error {
	var failed error
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil {
			return
		}
		for _, name := range f.Annotations[environment] {
			value, ok := env(name)
			if !ok || value == "" {
				continue
			}
			if err := fs.Set(f.Name, value); err != nil {
				failed = fmt.Errorf("%s in the environment: %w", name, err)
			}
			return
		}
	})
	return failed
}
