package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"
)

func versionCommand() command {
	return command{
		name: "version",
		doc:  "print the version",
		long: `Prints the version of aggrun, the revision it was built from, and of Go.

	aggrun version
`,
		bind: func(*pflag.FlagSet) action {
			return func(_ context.Context, s streams, _ []string) error {
				fmt.Fprintf(s.out, "aggrun %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return nil
			}
		},
	}
}

// version is that of the module, which carries the revision where there is no
// release of it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
