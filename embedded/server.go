package embedded

import (
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// server is a registry that listens.
type server struct {
	http *http.Server
	url  string
}

// startRegistry serves a registry on a port of 127.0.0.1, 0 for any. It keeps its
// data in the file of that name in dir, if there is a dir.
func startRegistry(port int, dir, file string) (*server, error) {
	var path string
	if dir != "" {
		path = filepath.Join(dir, file)
	}
	r, err := openRegistry(path)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	s := &server{
		http: &http.Server{Handler: r.handler(), ReadHeaderTimeout: 10 * time.Second},
		url:  "http://" + l.Addr().String(),
	}
	go s.http.Serve(l) //nolint:errcheck // it ends with an error always, by close
	return s, nil
}

func (s *server) close() error {
	if s == nil {
		return nil
	}
	return s.http.Close()
}
