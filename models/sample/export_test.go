package sample

// Sorter is the sorter, for tests.
type Sorter = sorter

// SorterOf holds at most bound bytes in memory.
func SorterOf(bound int) *Sorter { return &sorter{bound: bound} }

// Put is add.
func (s *sorter) Put(key string, value []byte) error { return s.add(key, value) }

// Drain gives what comes out, each as key=value, and the last error.
func (s *sorter) Drain() (out []string, err error) {
	for p := range s.all() {
		if p.err != nil {
			return out, p.err
		}
		out = append(out, string(p.key)+"="+string(p.value))
	}
	return out, nil
}

// Runs names the temporary files.
func (s *sorter) Runs() (names []string) {
	for _, f := range s.runs {
		names = append(names, f.Name())
	}
	return names
}

// Close is close.
func (s *sorter) Close() error { return s.close() }
