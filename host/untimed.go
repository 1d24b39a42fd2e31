package host

import (
	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// shownOfTime is how many characters of a text that should be a time are shown: any time is shorter.
const shownOfTime = 60

// tellUntimed returns a function that logs the first row of a stream whose time can't be read.
func tellUntimed(log *logrus.Logger) func(stream, text string) {
	return func(stream, text string) {
		shown, _ := diag.CutAt(text, shownOfTime)
		log.WithField("stream", stream).Warnf("the time of a row can't be read: TimeGenerated is %q. The row is sent on, but no rule says "+
			"anything of its time or of business hours; riskrelay_rows_unknown_time_total counts such rows", shown)
	}
}
