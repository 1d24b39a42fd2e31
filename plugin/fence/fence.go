// Package fence keeps a program to what a rule module needs. The program that wants a module starts itself with the
// arguments of Options.Launcher, so that its main function calls Run in the new process; Run gives up, step by step and
// for good, what the module must not have, and then becomes the module. On other systems than Linux there is no fence.
package fence

import "fmt"

// Options say what a module may have. The zero value of everything but Launcher is the narrowest fence.
type Options struct {
	// Launcher are the arguments with which the running program calls Run, which is given one argument more.
	Launcher []string `json:"-"`
	// Read are absolute paths of files and directories that the module may read and execute, beside the system's
	// programs and libraries.
	Read []string `json:"read,omitempty"`
	// Network lets it connect to other machines, over TCP and UDP, and to sockets of this one.
	Network bool   `json:"network,omitempty"`
	Limits  Limits `json:"limits"`
}

// Limits bound what a module may use. Its core is never dumped, and no file that it writes can hold anything.
type Limits struct {
	Memory      int64 `json:"memory,omitempty"`      // bytes of address space; 0 is DefaultMemory, below it there is no limit
	Descriptors int   `json:"descriptors,omitempty"` // open at once; 0 is DefaultDescriptors
	// Processes is how many processes it may start beside its own. They can't leave its process group, with which they end.
	Processes int `json:"processes,omitempty"`
}

// DefaultDescriptors are enough for a program that answers one caller, and for an interpreter that reads its libraries.
const DefaultDescriptors = 64

// threads is how many threads a module may have, and how many tasks its user may start meanwhile elsewhere: the kernel
// counts both together. https://man7.org/linux/man-pages/man2/getrlimit.2.html
const threads = 1024

func (l Limits) withDefaults() Limits {
	if l.Memory == 0 {
		l.Memory = DefaultMemory
	}
	if l.Descriptors == 0 {
		l.Descriptors = DefaultDescriptors
	}
	return l
}

func (l Limits) String() string {
	memory := fmt.Sprintf("%d MiB of address space", l.Memory>>20)
	if l.Memory < 0 {
		memory = "any address space"
	}
	processes := fmt.Sprintf("%d processes of its own", l.Processes)
	if l.Processes == 0 {
		processes = "no process of its own"
	}
	return fmt.Sprintf("%s, %d descriptors, %d threads, %s, no core, no bytes in files", memory, l.Descriptors, threads, processes)
}

// Step is one part of a fence.
type Step struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
	Says string `json:"says"` // what it keeps the module to; when it isn't on, why
}

// Off is a fence that isn't there, for that reason.
func Off(reason string) []Step { return []Step{{Name: "fence", Says: reason}} }
