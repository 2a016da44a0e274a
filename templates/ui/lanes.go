package ui

// Lanes are what happened over a period, on one axis: a lane for each kind of thing.
// Whoever draws them puts a table with the same facts beside them.
type Lanes struct {
	ID    string // of the drawing in its page
	Title string // what is shown
	Words string // all of it in sentences
	Ruler Ruler
	Lanes []Lane
}

// A Lane is one kind of thing.
type Lane struct {
	Label, Note string
	Marks       []Mark
}

// A Figure is how a mark is drawn.
type Figure uint8

// The figures.
const (
	Expected   Figure = iota // a stretch in which something was to happen
	Cell                     // a stretch and how it went
	Shape                    // an instant and how it went, as a glyph
	Deadline                 // the end of a stretch
	Proven                   // days that something accepted covers
	Waiting                  // days covered by what waits for somebody
	Hole                     // days that nothing covers
	Ahead                    // days that are not over
	Stretch                  // of a finding
	Occurrence               // an instant, with its words
	Tested                   // a stretch with its name
	Void                     // a stretch in which there was nothing, with its name
	Later                    // days that were filled in later, with when
)

// A Mark is one thing in a lane, placed in percent of the axis.
type Mark struct {
	Figure
	From, Width float64
	State       State  // of a Cell, a Shape or a Stretch
	Text        string // beside it, left out where it would run into the next
	Mono        bool   // the text is an id
}

const (
	lanesHead = 36 // pixels above the first lane
	laneHigh  = 44 // of one lane
)

func (l Lanes) height() int { return lanesHead + laneHigh*len(l.Lanes) + 1 }

// room is about how much of the axis a letter takes where the drawing is narrowest.
const room = 1.15

// labelled is the marks, without the words for which there is no room.
func (l Lane) labelled() []Mark {
	out := make([]Mark, len(l.Marks))
	free := 0.0 // where the last words end
	for i, m := range l.Marks {
		out[i] = m
		if m.Text == "" {
			continue
		}
		need := 2 + room*float64(len([]rune(m.Text)))
		start, end := m.textAt(), m.textAt()+need
		if m.turned() {
			start, end = m.From-need, m.From
		}
		inside := m.Figure == Proven || m.Figure == Waiting || m.Figure == Ahead || m.Figure == Cell || m.Figure == Tested || m.Figure == Void
		if start < free || inside && need > m.Width+0.5 || !inside && !m.turned() && i+1 < len(l.Marks) && l.Marks[i+1].From < end {
			out[i].Text = ""
			continue
		}
		free = end
	}
	return out
}

// textAt is where the words of a mark begin.
func (m Mark) textAt() float64 {
	if m.Figure == Stretch {
		return m.From + m.Width
	}
	return m.From
}

// turned reports that words stand on the left of the mark, since the right edge is near.
func (m Mark) turned() bool {
	return m.textAt() > 72 && (m.Figure == Shape || m.Figure == Stretch || m.Figure == Occurrence)
}
