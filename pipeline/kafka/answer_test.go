package kafka

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aggrun/aggrun/connect"
)

// What a registry answers is read up to a bound; beyond, the schema is none.
func TestRegistryAnswerBound(t *testing.T) {
	size := connect.MaxAnswer
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		const head, foot = `{"schema":"`, `"}`
		_, _ = io.WriteString(w, head+strings.Repeat("x", size-len(head+foot))+foot) // the client sees what is cut short
	}))
	defer s.Close()
	r, err := newRegistry(connect.Open("source", s.URL), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size int
		want string
	}{
		{connect.MaxAnswer, "schema of 8388595 bytes, over the limit of 1048576"},
		{connect.MaxAnswer + 1, "the registry's answer is larger than 8 MiB"},
	} {
		size = c.size
		if schema, err := r.byID(context.Background(), 7); schema != nil || err == nil || err.Error() != c.want {
			t.Errorf("%d bytes: %v, %v, want %s", c.size, schema, err, c.want)
		}
	}
}
