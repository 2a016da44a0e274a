package main

import (
	"context"

	"assay/internal/config"
)

func demonstrate(_ context.Context, s *session) error {
	var c config.Demo
	if err := config.Parse(c.Flags(), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if err := c.Check(s.getenv); err != nil {
		return refuse(err)
	}
	return refusef("the demonstration company is not there yet")
}
