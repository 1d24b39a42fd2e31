// Package systemd tells the service manager how a service does, with the datagrams that sd_notify(3) documents
// (https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html). Outside a unit of Type=notify or
// notify-reload there is nobody to tell, and nothing happens.
package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Notifier sends to the service manager. The zero value sends nothing.
type Notifier struct {
	socket   string
	watchdog time.Duration
}

// New reads from the environment where the service manager listens, and how often its watchdog wants to be fed. The error
// says which variable makes no sense.
func New(getenv func(string) string) (Notifier, error) {
	n := Notifier{socket: getenv("NOTIFY_SOCKET")}
	text := getenv("WATCHDOG_USEC")
	if pid := getenv("WATCHDOG_PID"); n.socket == "" || text == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n, nil // no watchdog, or that of another process
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if n.watchdog = time.Duration(micros) * time.Microsecond; err != nil || n.watchdog/time.Microsecond != time.Duration(micros) || micros <= 0 {
		return Notifier{socket: n.socket}, fmt.Errorf("read WATCHDOG_USEC: %q is no number of microseconds", text)
	}
	return n, nil
}

// On reports whether there is somebody to tell.
func (n Notifier) On() bool { return n.socket != "" }

// Watchdog is how long the service manager waits for [Notifier.Feed] before it ends the service; 0 without a watchdog.
func (n Notifier) Watchdog() time.Duration { return n.watchdog }

// Ready says that the service runs, also after a reload.
func (n Notifier) Ready() error { return n.send("READY=1") }

// Reloading says that a reload begins; Ready ends it.
func (n Notifier) Reloading() error {
	return n.send("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(monotonic().Microseconds(), 10))
}

// Stopping says that the service is about to end.
func (n Notifier) Stopping() error { return n.send("STOPPING=1") }

// Feed says that the service works.
func (n Notifier) Feed() error { return n.send("WATCHDOG=1") }

// Status gives a text of one line for `systemctl status`.
func (n Notifier) Status(text string) error {
	return n.send("STATUS=" + strings.NewReplacer("\n", " ", "\r", " ").Replace(text))
}

// send sends assignments in one datagram.
func (n Notifier) send(assignments ...string) error {
	if n.socket == "" {
		return nil
	}
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err == nil {
		_, err = connection.Write([]byte(strings.Join(assignments, "\n")))
		err = errors.Join(err, connection.Close())
	}
	if err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}
