package idp

import "net/http"

// revoke makes a token good no more (RFC 7009). One that is none, or another site's, is
// answered like one that was: whoever asks learns nothing.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, sentence := single(r)
	if sentence != "" {
		fault(w, http.StatusBadRequest, "invalid_request", sentence)
		return
	}
	client, ok := s.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="revoke"`)
		fault(w, http.StatusUnauthorized, "invalid_client", "the client or its secret is wrong")
		return
	}
	token := form.Get("token")
	if g, id, ok := s.refreshing(token); ok && g.Client == client.ID {
		s.memory.spendRefresh(id, g, s.now())
	}
	s.memory.dropBearer(token, client.ID)
	w.WriteHeader(http.StatusOK)
}
