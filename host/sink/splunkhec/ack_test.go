package splunkhec_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestCollectorRestarts checks that an id that came before confirms nothing: the collector forgot its acknowledgements and
// counts anew.
func TestCollectorRestarts(t *testing.T) {
	server, config := start(t, hectest.Config{Ack: true})
	sink, events := newSink(t, config), sinktest.Events(10)
	for round, want := range []string{"", "came again", "", ""} {
		_, err := sink.Send(t.Context(), events)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("round %d: %v, want %q", round, err, want)
		}
		if round == 0 {
			server.ForgetAcks()
		}
	}
}

func TestTokenWithoutAcknowledgement(t *testing.T) {
	_, config := start(t, hectest.Config{})
	config.Ack = true
	if receipt, err := newSink(t, config).Send(t.Context(), sinktest.Events(10)); err == nil || !strings.Contains(err.Error(), "useACK") {
		t.Errorf("receipt %+v, error %v; want advice about useACK", receipt, err)
	}
}

// TestAcknowledgementQuestions is about what a collector may answer to the question for an acknowledgement.
func TestAcknowledgementQuestions(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string // status and body; the last stands for all later ones
		want    string   // of the error; "" for none
	}{
		{"at once", []string{`200 {"acks":{"7":true}}`}, ""},
		{"later", []string{`200 {"acks":{"7":false}}`, `200 {"acks":{}}`, `200 {"acks":{"7":true}}`}, ""},
		{"busy first", []string{`503 {"code":9}`, `429 x`, `200 {"acks":{"7":true}}`}, ""},
		{"about another", []string{`200 {"acks":{"8":true}}`}, "not acknowledged within"},
		{"never", []string{`200 {"acks":{"7":false}}`}, "not acknowledged within"},
		{"garbage", []string{`200 <html>`}, "not as a collector does"},
		{"unknown channel", []string{`400 {"code":11}`}, "not as a collector does"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked atomic.Int64
			channels := make(chan string, 2)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/ack") {
					channels <- r.Header.Get("X-Splunk-Request-Channel")
					fmt.Fprint(w, `{"text":"Success","code":0,"ackId":7}`)
					return
				}
				answer := c.answers[min(int(asked.Add(1)), len(c.answers))-1]
				var status int
				_, _ = fmt.Sscan(answer[:3], &status) // a number by the table above
				w.WriteHeader(status)
				fmt.Fprint(w, answer[4:])
			}))
			defer server.Close()
			_, config := start(t, hectest.Config{})
			config.URL, config.Ack, config.AckTimeout = server.URL, true, time.Minute
			if strings.HasPrefix(c.want, "not acknowledged") {
				config.AckTimeout = 100 * time.Millisecond
			}
			sink := newSink(t, config)
			_, err := sink.Send(t.Context(), sinktest.Events(1))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			_, _ = sink.Send(t.Context(), sinktest.Events(1)) // to see on which channel
			if first, second := <-channels, <-channels; (first == second) != (c.want == "") {
				t.Errorf("channels %s and %s: a channel is used again only when it worked", first, second)
			}
		})
	}
}
