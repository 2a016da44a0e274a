package models

// Instant and InstantText are how Verify reads times.
var (
	Instant     = instant
	InstantText = instantText
)
