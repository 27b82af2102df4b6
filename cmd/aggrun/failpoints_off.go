//go:build !failpoints

package main

import "github.com/aggrun/aggrun/pipeline/kafka"

// withFailpoints changes nothing: failpoints.go has the build that fails on demand.
func withFailpoints(*kafka.Config, func(string) (string, bool)) error { return nil }
