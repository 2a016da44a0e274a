package throttle

// Remembered is how many r remembers.
func Remembered(r *Rates) int { return len(r.seen) }
