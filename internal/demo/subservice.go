package demo

import (
	"context"

	"assay/models"
	"assay/models/deliverable"
	"assay/models/subservice"
)

// subservices are whose controls, besides Halyard's own, the running engagement rests on,
// listed in planning; and what management has drafted of it so far.
func (s *story) subservices() {
	s.on(s.in(93), 120, "priya", func(ctx context.Context, tx *models.Tx) error {
		e := s.running.e
		o, err := subservice.Add(ctx, tx, e, subservice.Terms{
			Name: "Northgate GPU Cloud", Services: "Hosts the model gateway and inference in two regions: buildings, power, hardware and hypervisors.", Method: subservice.CarveOut,
		})
		if err != nil {
			return err
		}
		for _, c := range []subservice.Content{
			{Text: "Physical access to the data centres is limited to those who need it, and reviewed.", Criteria: models.List[string]{"CC6.4"}},
			{Text: "Media are erased or destroyed before they leave a data centre.", Criteria: models.List[string]{"CC6.5", "C1.2"}},
			{Text: "Tenants are kept apart in memory and on the network of the accelerators.", Criteria: models.List[string]{"CC6.1", "C1.1"}},
		} {
			if _, err := subservice.Expect(ctx, tx, e, &o, c); err != nil {
				return err
			}
		}
		for _, c := range []subservice.Content{
			{Text: "User entities remove the accounts of people who left, and review the rest.", Criteria: models.List[string]{"CC6.2", "CC6.3"}},
			{Text: "User entities keep their API keys secret and replace them when one was exposed.", Criteria: models.List[string]{"CC6.1"}},
			{Text: "User entities review what the assistant wrote before they run it.", Criteria: models.List[string]{"PI1.4"}},
		} {
			if _, err := subservice.Expect(ctx, tx, e, nil, c); err != nil {
				return err
			}
		}
		return subservice.Rely(ctx, tx, e, &o, subservice.Reliance{
			ReportKind: "soc2_type_2", ReportBy: "Tarn & Whitlock", ReportFrom: s.ago(101).AddMonths(-12).AddDays(1), ReportTo: s.ago(101),
			ReportDigest: "5f1e0c9d2b7a4e6f8c3d1a0b9e8f7c6d5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d", ReportNote: "No exception in it touches the two regions that we use.",
		}, []string{"VM-03"})
	})
	s.on(s.ago(3), 300, "priya", func(ctx context.Context, tx *models.Tx) error {
		_, err := deliverable.Begin(ctx, tx, s.running.e, deliverable.Assertion, s.id("ruth"))
		return err
	})
}
