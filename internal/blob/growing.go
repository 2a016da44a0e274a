package blob

import (
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"io"
	"sync"
	"time"
)

const (
	// So many parts are kept open for what comes next, each for so long. One that is closed
	// stays a part; what follows it begins another.
	mostGrowing = 64
	growingFor  = 10 * time.Minute
)

// A growing part is one that this process made and whose file it still holds open: nobody
// else can write to it, so what follows is added to it, and it is hashed once.
type growing struct {
	Part // as it was acknowledged last
	file file
	hash hash.Hash
	used time.Time
}

// growth is the growing parts that nobody is adding to right now, by name.
type growth struct {
	sync.Mutex
	parts map[string]*growing
}

// take gives the growing part to whoever adds to it or ends it, and to nobody else. One
// that has grown on, because its last stretch was never counted, grows no more.
func (g *growth) take(p Part) *growing {
	g.Lock()
	defer g.Unlock()
	part := g.parts[p.Name]
	if part == nil {
		return nil
	}
	delete(g.parts, p.Name)
	if part.Size != p.Size || part.Digest != p.Digest {
		_ = part.file.Close() // what was acknowledged of it is durable
		return nil
	}
	return part
}

// keep waits for what comes next, and closes what nothing came for.
func (g *growth) keep(part *growing) {
	g.Lock()
	defer g.Unlock()
	if g.parts == nil {
		g.parts = map[string]*growing{}
	}
	part.used = time.Now()
	g.parts[part.Name] = part
	oldest := part
	for name, other := range g.parts {
		if part.used.Sub(other.used) > growingFor {
			g.close(name)
		} else if other.used.Before(oldest.used) {
			oldest = other
		}
	}
	if len(g.parts) > mostGrowing {
		g.close(oldest.Name)
	}
}

// end closes growing parts, all of them when none is named.
func (g *growth) end(names ...string) {
	g.Lock()
	defer g.Unlock()
	if len(names) == 0 {
		for name := range g.parts {
			g.close(name)
		}
	}
	for _, name := range names {
		g.close(name)
	}
}

func (g *growth) close(name string) {
	if part := g.parts[name]; part != nil {
		_ = part.file.Close() // what was acknowledged of it is durable
		delete(g.parts, name)
	}
}

// begin makes a part of nothing yet.
func (d *Disk) begin() (*growing, error) {
	part := &growing{Part: Part{Name: rand.Text()}, hash: sha256.New()}
	var err error
	part.file, err = d.files.Create(partName(part.Name))
	return part, err
}

// add writes the next stretch of a part and makes it durable.
func (p *growing) add(r io.Reader, limit int64) error {
	b, err := copyHashed(p.file, r, limit, p.hash)
	if err == nil {
		err = synced(p.file.Sync())
	}
	p.Digest, p.Size = b.Digest, p.Size+b.Size
	p.Head = append(p.Head, b.Head[:min(len(b.Head), HeadSize-len(p.Head))]...)
	return err
}
