package plugin

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// beHost launches a module, prints its process id and waits to be killed.
func beHost() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	p, err := Launch(context.Background(), Options{Path: self, Args: []string{"module", "good"}, Fence: fenced(), StartTimeout: time.Hour})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.run.(*session).program.ID())
	select {}
}

// TestModuleEndsWithItsHost kills a host as the kernel does when memory runs out.
func TestModuleEndsWithItsHost(t *testing.T) {
	host := exec.Command("/proc/self/exe", "host")
	dir, err := os.MkdirTemp("", "rr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(dir) })
	host.Env = append(os.Environ(), "TMPDIR="+dir)
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait() // killed
	awaitDeath(t, pid)
}

// TestKilledAgainAndAgain kills the module while several callers use it: no event may go without its tag.
func TestKilledAgainAndAgain(t *testing.T) {
	o := options(t, "good")
	p := launch(t, o)
	configure(t, p, "fish")
	const callers, calls, kills = 4, 30, 15
	killed := make(chan bool)
	var wait sync.WaitGroup
	for range callers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < calls || <-killed; i++ {
				lists, err := p.Tag(t.Context(), events("fish", "fowl"))
				if err != nil || len(lists) != 2 || len(lists[0]) != 1 || lists[0][0].Rule != "test.word" || len(lists[1]) != 0 {
					t.Errorf("call %d: Tag = %v, %v", i, brief(lists), err)
				}
			}
		}()
	}
	for range kills {
		killed <- true // a caller goes on: there is a run to be killed
		for _, m := range processes(t, isModule) {
			_ = unix.Kill(m.pid, unix.SIGKILL) // it may have ended meanwhile
		}
	}
	close(killed)
	wait.Wait()
}

// isModule reports whether a process is a child of this one and a module in mode good.
func isModule(p process) bool {
	return p.parent == strconv.Itoa(os.Getpid()) && strings.HasSuffix(p.command, "\x00module\x00good\x00")
}
