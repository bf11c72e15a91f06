//go:build !linux

package confine

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
)

// errSystem is the answer everywhere but on Linux.
var errSystem = errors.New("confine: a jail for workers exists only on Linux: run nodes there (a container or a virtual machine will do)")

// Init does nothing on this system.
func Init() {}

// Probe fails on this system.
func Probe(Profile) (*Plan, error) { return nil, errSystem }

// Command returns a command that cannot be started.
func (p *Plan) Command(argv []string, _ []*os.File) *exec.Cmd {
	return &exec.Cmd{Path: argv[0], Args: argv, Err: errSystem}
}

// CommandOf returns a command that cannot be started.
func (p *Plan) CommandOf(_ *os.File, argv []string, files []*os.File) *exec.Cmd {
	return p.Command(argv, files)
}

// NewProgram fails on this system.
func NewProgram(string, io.Reader) (*os.File, error) { return nil, errSystem }

// TryProgram fails on this system.
func (p *Plan) TryProgram(*os.File) error { return errSystem }

// Enter fails on this system.
func Enter() ([]Layer, error) { return nil, errSystem }

// SetData fails on this system.
func SetData(int, uint64) error { return errSystem }

// Groups cannot be had on this system.
type Groups struct{}

// A Group cannot be had on this system.
type Group struct{}

// Usage is what a group's memory was used for, in bytes.
type Usage struct{ Current, Peak, OOMKills uint64 }

// OpenGroups fails on this system.
func OpenGroups() (*Groups, error) { return nil, errSystem }

// New fails on this system.
func (g *Groups) New(uint64) (*Group, error) { return nil, errSystem }

// Close does nothing on this system.
func (g *Groups) Close() error { return nil }

// Add fails on this system.
func (w *Group) Add(int) error { return errSystem }

// SetMemory fails on this system.
func (w *Group) SetMemory(uint64) error { return errSystem }

// Usage fails on this system.
func (w *Group) Usage() (Usage, error) { return Usage{}, errSystem }

// Close does nothing on this system.
func (w *Group) Close() error { return nil }

// A Spawner cannot be had on this system.
type Spawner struct{}

// NewSpawner returns a Spawner that does nothing.
func NewSpawner() *Spawner { return &Spawner{} }

// Run fails on this system.
func (s *Spawner) Run(context.Context) error { return errSystem }

// Start starts the command, which fails.
func (s *Spawner) Start(cmd *exec.Cmd) error { return cmd.Start() }

func kernelFacts() Kernel { return Kernel{} }
