// Asks BuildKit's front end, the one of `docker build`, what it makes of a Dockerfile. Nothing is built, and no image is fetched: every base counts as one without settings.
//
// Reads requests from standard input, one JSON document a line, {"dockerfile", "platform", "buildPlatform"}, and answers each with a line: {"error"}, or
// {"base", "config", "copies", "runs", "warnings"}: the image that the last stage begins with, the configuration of the image that comes out, what is copied into
// it from where, the commands that are run, each with its platform, and what the front end's linter says.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type request struct {
	Dockerfile    string `json:"dockerfile"`
	Platform      string `json:"platform"`
	BuildPlatform string `json:"buildPlatform"`
}

type copied struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Of the stage that it comes from: what that begins with, and for which platform.
	Base     string `json:"base"`
	Platform string `json:"platform"`
}

type ran struct {
	Command  string `json:"command"`
	Platform string `json:"platform"`
}

type answer struct {
	Error    string                `json:"error,omitempty"`
	Base     string                `json:"base,omitempty"`
	Config   *ocispecs.ImageConfig `json:"config,omitempty"`
	Copies   []copied              `json:"copies"`
	Runs     []ran                 `json:"runs"`
	Warnings []string              `json:"warnings"`
}

// Every base is an image without a setting of its own, and with a layer: one without any counts as no image at all.
type emptyBases struct{}

func (emptyBases) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	image := ocispecs.Image{RootFS: ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}}
	if asked := opt.ImageOpt; asked != nil && asked.Platform != nil {
		image.Platform = *asked.Platform
	}
	config, err := json.Marshal(image)
	return ref, "", config, err
}

// The operations of a build, by their digests, and the last of them.
type graph struct {
	ops  map[string]*pb.Op
	last *pb.Op
}

func graphOf(ctx context.Context, state *llb.State) (*graph, error) {
	definition, err := state.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	found := &graph{ops: map[string]*pb.Op{}}
	for _, bytes := range definition.Def {
		op := &pb.Op{}
		if err := op.UnmarshalVT(bytes); err != nil {
			return nil, err
		}
		found.ops[digest.FromBytes(bytes).String()] = op
		found.last = op
	}
	// The last one only names the result.
	found.last = found.input(found.last, 0)
	return found, nil
}

func (g *graph) input(op *pb.Op, index int64) *pb.Op {
	if op == nil || index < 0 || int(index) >= len(op.Inputs) {
		return nil
	}
	return g.ops[op.Inputs[index].Digest]
}

// What a file system was before an operation, and what that copied.
func (g *graph) before(op *pb.Op) (*pb.Op, []copied) {
	file := op.GetFile()
	if file == nil {
		return g.input(op, 0), nil
	}
	var copies []copied
	var base int64
	for _, action := range file.Actions {
		// Indexes above those of the inputs name earlier actions of the same operation.
		if int(action.Input) < len(op.Inputs) {
			base = action.Input
		}
		if act := action.GetCopy(); act != nil {
			source := g.first(g.input(op, action.SecondaryInput))
			copies = append(copies, copied{From: act.Src, To: act.Dest, Base: nameOf(source), Platform: platformOf(source)})
		}
	}
	return g.input(op, base), copies
}

// What a stage begins with.
func (g *graph) first(op *pb.Op) *pb.Op {
	for op != nil && op.GetSource() == nil {
		op, _ = g.before(op)
	}
	return op
}

func nameOf(op *pb.Op) string {
	if op == nil {
		return "scratch"
	}
	return strings.TrimPrefix(op.GetSource().Identifier, "docker-image://")
}

func platformOf(op *pb.Op) string {
	if op == nil || op.Platform == nil {
		return ""
	}
	return platforms.Format(ocispecs.Platform{OS: op.Platform.OS, Architecture: op.Platform.Architecture, Variant: op.Platform.Variant})
}

func judge(ctx context.Context, asked request) (*answer, error) {
	target, err := platforms.Parse(asked.Platform)
	if err != nil {
		return nil, err
	}
	build, err := platforms.Parse(asked.BuildPlatform)
	if err != nil {
		return nil, err
	}
	said := &answer{Copies: []copied{}, Runs: []ran{}, Warnings: []string{}}
	result, err := dockerfile2llb.Dockerfile2LLB(ctx, []byte(asked.Dockerfile), dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{BuildPlatforms: []ocispecs.Platform{build}},
		TargetPlatform: &target,
		MetaResolver:   emptyBases{},
		Warn: func(rule, _, _, message string, _ []parser.Range) {
			said.Warnings = append(said.Warnings, rule+": "+message)
		},
	})
	if err != nil {
		return nil, err
	}
	g, err := graphOf(ctx, &result.State)
	if err != nil {
		return nil, err
	}
	said.Config = &result.Image.Config.ImageConfig
	at := g.last
	for at != nil && at.GetSource() == nil {
		before, copies := g.before(at)
		said.Copies = append(copies, said.Copies...)
		at = before
	}
	said.Base = nameOf(at)
	for _, op := range g.ops {
		if exec := op.GetExec(); exec != nil {
			said.Runs = append(said.Runs, ran{Command: strings.Join(exec.Meta.Args, " "), Platform: platformOf(op)})
		}
	}
	return said, nil
}

func main() {
	ctx := context.Background()
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		said := &answer{}
		if err := json.Unmarshal(line, &asked); err != nil {
			said.Error = err.Error()
		} else if judged, err := judge(ctx, asked); err != nil {
			said.Error = err.Error()
		} else {
			said = judged
		}
		if err := answers.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
