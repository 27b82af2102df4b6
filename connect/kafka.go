package connect

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/aggrun/aggrun/spec"
)

// dialLimit bounds a connection's beginning, TLS included.
const dialLimit = 10 * time.Second

// Options are those that every client of the cluster needs: brokers, TLS and login.
func (c *Cluster) Options() []kgo.Opt {
	opts := []kgo.Opt{kgo.SeedBrokers(c.Brokers...)}
	if c.TLS != nil {
		opts = append(opts, kgo.Dialer(c.dialer()))
	}
	if c.SASL != nil {
		opts = append(opts, kgo.SASL(c.mechanism()))
	}
	return append(opts, kgo.WithHooks(&teller{cluster: c}))
}

// dialer connects by TLS, by the files as they are at that moment.
func (c *Cluster) dialer() func(ctx context.Context, network, host string) (net.Conn, error) {
	t := &trust{Surroundings: c.Surroundings, spec: c.TLS, path: "kafka"}
	return func(ctx context.Context, network, host string) (net.Conn, error) {
		config, _, err := t.config()
		if err != nil {
			return nil, err
		}
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialLimit}, Config: config}
		return d.DialContext(ctx, network, host)
	}
}

// mechanism logs in by the secrets as they are at that moment.
func (c *Cluster) mechanism() sasl.Mechanism {
	switch c.SASL.Mechanism {
	case spec.Plain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			user, password, err := c.login()
			return plain.Auth{User: user.Reveal(), Pass: password.Reveal()}, err
		})
	case spec.OAuthBearer:
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := c.read(c.SASL.Token, "kafka.sasl.token")
			return oauth.Auth{Token: token.Reveal()}, err
		})
	}
	ask := func(context.Context) (scram.Auth, error) {
		user, password, err := c.login()
		return scram.Auth{User: user.Reveal(), Pass: password.Reveal()}, err
	}
	if c.SASL.Mechanism == spec.SCRAM256 {
		return scram.Sha256(ask)
	}
	return scram.Sha512(ask)
}

func (c *Cluster) login() (user, password Value, err error) {
	if user, err = c.name(c.SASL.Username, "kafka.sasl.username"); err == nil {
		password, err = c.read(c.SASL.Password, "kafka.sasl.password")
	}
	return user, password, err
}

// teller logs why brokers cannot be reached, which clients try again without a word.
type teller struct {
	cluster *Cluster
	last    atomic.Int64 // when it was told, ns
}

// tellEvery is how long nothing is told again.
const tellEvery = 10 * time.Second

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (t *teller) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		return
	}
	now := time.Now().UnixNano()
	if last := t.last.Load(); now-last < int64(tellEvery) || !t.last.CompareAndSwap(last, now) {
		return
	}
	explained, level := t.cluster.Explain(err), slog.LevelDebug
	if refusal(explained) != nil {
		level = slog.LevelWarn
	}
	t.cluster.log().Log(context.Background(), level, "a broker cannot be reached", "broker", net.JoinHostPort(meta.Host, port(meta.Port)), "error", explained)
}

// Reach tells why no broker can be reached that no other try will change: nil where
// one can, and where it may only take time.
func (c *Cluster) Reach(ctx context.Context, client *kgo.Client) error {
	var err error
	for try := range reachTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(reachWait):
			}
		}
		refused := refusal(c.ping(ctx, client))
		if refused == nil {
			return nil
		}
		if err = refused; !refused.Doubtful {
			return err
		}
	}
	return err
}

// How long a doubtful refusal is doubted.
const (
	reachTries = 10
	reachWait  = 300 * time.Millisecond
)

func (c *Cluster) ping(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	return c.Explain(client.Ping(ctx))
}
