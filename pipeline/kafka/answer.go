package kafka

import (
	"fmt"
	"io"
	"net/http"
)

// maxAnswer bounds what a registry answers, bytes: a schema has 1 MiB at most with those
// it refers to, written as a text in JSON.
const maxAnswer = 8 << 20

var errAnswer = fmt.Errorf("the registry's answer is larger than %d MiB", maxAnswer>>20)

// answers bounds what comes of requests.
type answers struct{ http.RoundTripper }

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

// boundedBody is a body of which some bytes may still be read.
type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errAnswer
	}
	return n, err
}
