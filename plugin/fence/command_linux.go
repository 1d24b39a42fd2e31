package fence

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// order is what Run is told by the process that starts it.
type order struct {
	Options
	Program string   `json:"program"` // what is executed at last
	Args    []string `json:"args"`    // its arguments, the name first
	Sockets string   `json:"sockets"` // the directory in which it makes its socket
	Parent  int      `json:"parent"`  // the process id of who starts it
	Report  int      `json:"report"`  // the descriptor that takes the report
	Keep    int      `json:"keep"`    // the last descriptor that the module inherits

	// What was found while the fence was put up.
	abi        int      // the version of Landlock's interface, 0 for none
	noLandlock error    // why there is none
	noLimits   error    // why what it uses isn't bounded
	noFilter   error    // why no system call is refused
	reads      []string // the paths of Read that are there
	unread     []error  // why others aren't
}

// Enclose changes cmd so that it runs behind a fence, with sockets as the one directory that it may write to. Report, whose
// other end ReadReport takes, becomes its last inherited file.
func Enclose(cmd *exec.Cmd, o Options, sockets string, report *os.File) error {
	const stderr = 2
	what := order{
		Options: o, Program: cmd.Path, Args: cmd.Args, Sockets: sockets, Parent: os.Getpid(),
		Keep: stderr + len(cmd.ExtraFiles), Report: stderr + len(cmd.ExtraFiles) + 1,
	}
	text, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("write down what the fence is: %w", err)
	}
	cmd.Path = "/proc/self/exe" // the program that runs, whatever lies at its path by now
	cmd.Args = append(append([]string{os.Args[0]}, o.Launcher...), string(text))
	cmd.ExtraFiles = append(cmd.ExtraFiles, report)
	return nil
}

// maxReport bounds what is read of a report, of which a step has a line or two.
const maxReport = 64 << 10

// ReadReport returns the steps once the module was executed. They end early when it never was.
func ReadReport(report io.Reader) (steps []Step) {
	for d := json.NewDecoder(io.LimitReader(report, maxReport)); ; {
		var s Step
		if d.Decode(&s) != nil { // the end
			return steps
		}
		steps = append(steps, s)
	}
}
