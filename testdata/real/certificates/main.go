// Command certificates writes those that testdata/real/secure needs into a folder:
// an authority (ca) with certificates of a broker, of one that has expired and of a
// client called aggrun; and another authority that nobody trusts.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/aggrun/aggrun/embedded/testcluster"
)

func main() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certificates:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	ca, err := testcluster.NewAuthority(dir, "ca")
	if err != nil {
		return err
	}
	if _, err := testcluster.NewAuthority(dir, "stranger"); err != nil {
		return err
	}
	for name, until := range map[string]time.Duration{"broker": 24 * time.Hour, "aggrun": 24 * time.Hour, "expired": -time.Hour} {
		if err := ca.Issue(name, until); err != nil {
			return err
		}
	}
	return nil
}
