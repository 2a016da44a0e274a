package web_test

import (
	"net/http/httptest"
	"testing"

	"assay/web"
)

// TestAnItemCanBeAllOfAList: what is found in a full population is filed below nothing.
func TestAnItemCanBeAllOfAList(t *testing.T) {
	for typed, want := range map[string]int64{"": 0, "0": 0, "17": 17, "-3": -3} {
		q := web.Query(httptest.NewRequest("GET", "/?item="+typed, nil))
		if got := q.Item("item"); got != want || q.Err() != nil {
			t.Errorf("%q is %d, %v", typed, got, q.Err())
		}
	}
	for _, typed := range []string{"x", "1.5", "99999999999"} {
		q := web.Query(httptest.NewRequest("GET", "/?item="+typed, nil))
		if got := q.Item("item"); got != 0 || q.Err() == nil {
			t.Errorf("%q is %d, %v", typed, got, q.Err())
		}
	}
}
