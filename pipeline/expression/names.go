package expression

// Names are the names that a tree reads, each once, in the order in which they
// stand first; their types are not known yet.
func (t *Tree) Names() []Read {
	reads := make([]Read, len(t.names))
	for i, n := range t.names {
		reads[i] = Read{Name: n.path, Call: n.call, Offset: n.at}
	}
	return reads
}
