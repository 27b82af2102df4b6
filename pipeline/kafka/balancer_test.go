package kafka

import (
	"reflect"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/aggrun/aggrun/pipeline"
)

// member joins a balancer of its own, as a process would.
func member(id string, interests []string, current map[string][]int32) (kmsg.JoinGroupResponseMember, *balancer, *[]pipeline.Partition) {
	owned := new([]pipeline.Partition)
	b := &balancer{
		shard:   func(id pipeline.Partition) string { return id.Topic + "-aggregated" },
		joining: func(ids []pipeline.Partition) { *owned = ids },
		synced:  func(ids []pipeline.Partition, _ map[string]int32) { *owned = ids },
		atWork:  func(string) {},
	}
	m := kmsg.NewJoinGroupResponseMember()
	m.MemberID = id
	m.ProtocolMetadata = b.JoinGroupMetadata(interests, current, 1)
	return m, b, owned
}

// What members tell the leader, and the leader them, survives the wire.
func TestBalancerRoundTrip(t *testing.T) {
	topics := []string{"a", "b"}
	m1, b1, joined := member("1", topics, map[string][]int32{"a": {1, 0}})
	if want := []pipeline.Partition{{Topic: "a", ID: 0}, {Topic: "a", ID: 1}}; !reflect.DeepEqual(*joined, want) {
		t.Fatalf("joining with %v, want %v", *joined, want)
	}
	m2, b2, _ := member("2", topics, nil)
	leader, announced, err := b1.MemberBalancer([]kmsg.JoinGroupResponseMember{m1, m2})
	if err != nil || len(announced) != 2 {
		t.Fatal(announced, err)
	}
	assigned, err := leader.(*kgo.ConsumerBalancer).BalanceOrError(map[string]int32{"a": 2, "b": 3})
	if err != nil {
		t.Fatal(err)
	}
	sync := assigned.IntoSyncAssignment()
	got := map[string]map[string][]int32{}
	for _, s := range sync {
		b := map[string]*balancer{"1": b1, "2": b2}[s.MemberID]
		if got[s.MemberID], err = b.ParseSyncAssignment(s.MemberAssignment); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(b.counts, map[string]int32{"a": 2, "b": 3}) {
			t.Errorf("member %s knows counts %v", s.MemberID, b.counts)
		}
	}
	want := map[string]map[string][]int32{"1": {"a": {0, 1}}, "2": {"b": {0, 1, 2}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A member whose user data is not ours must not be given anything silently.
func TestBalancerRefusesForeignUserData(t *testing.T) {
	m1, b1, _ := member("1", []string{"a"}, nil)
	var md kmsg.ConsumerMemberMetadata
	if err := md.ReadFrom(m1.ProtocolMetadata); err != nil {
		t.Fatal(err)
	}
	md.UserData = []byte("sticky")
	m1.ProtocolMetadata = md.AppendTo(nil)
	leader, _, err := b1.MemberBalancer([]kmsg.JoinGroupResponseMember{m1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leader.(*kgo.ConsumerBalancer).BalanceOrError(map[string]int32{"a": 1}); err == nil || !strings.Contains(err.Error(), "user data") {
		t.Errorf("got %v, want an error about the user data", err)
	}
}
