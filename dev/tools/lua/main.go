// Runs Lua scripts the way Argo CD runs health checks and actions: gopher-lua, the object as the global `obj`, the
// parameters of an action as `actionParams`, and no more of Lua's library than base, package and table, with the time and
// date of `require("os")`, unless the customization sets useOpenLibs. A script has one second.
//
// Reads requests from standard input, one JSON document a line, {"script", "obj", "actionParams", "useOpenLibs"}, and
// answers each with a line: {"result"}, what the script returns, or {"error"}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

const patience = time.Second

type request struct {
	Script       string         `json:"script"`
	Obj          map[string]any `json:"obj"`
	ActionParams map[string]any `json:"actionParams"`
	UseOpenLibs  bool           `json:"useOpenLibs"`
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func open(state *lua.LState, name string, library lua.LGFunction) error {
	return state.CallByParam(lua.P{Fn: state.NewFunction(library), Protect: true}, lua.LString(name))
}

// What Argo CD gives every script, open libraries or not. The whole of `os` would let a script end the controller.
func openSafe(state *lua.LState) error {
	libraries := []struct {
		name    string
		library lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}}
	for _, each := range libraries {
		if err := open(state, each.name, each.library); err != nil {
			return err
		}
	}
	state.PreloadModule(lua.OsLibName, safeOs)
	return nil
}

// Takes the two functions out of the real library, which is opened in a state of its own so that nothing else of it gets here.
func safeOs(state *lua.LState) int {
	aside := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer aside.Close()
	safe := state.NewTable()
	if err := open(aside, lua.OsLibName, lua.OpenOs); err != nil {
		state.RaiseError("os: %s", err.Error())
	}
	whole := aside.GetGlobal(lua.OsLibName).(*lua.LTable)
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, state.NewFunction(whole.RawGetString(name).(*lua.LFunction).GFunction))
	}
	state.Push(safe)
	return 1
}

func run(asked request) (json.RawMessage, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: !asked.UseOpenLibs})
	defer state.Close()
	if err := openSafe(state); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", luajson.DecodeValue(state, asked.Obj))
	state.SetGlobal("actionParams", luajson.DecodeValue(state, asked.ActionParams))
	if err := state.DoString(asked.Script); err != nil {
		return nil, err
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return nil, fmt.Errorf("expect table output from Lua script, not %s", returned.Type())
	}
	return luajson.Encode(returned)
}

func respond(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	result, err := run(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: result}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, end := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := answers.Encode(respond(line)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		if end != nil {
			return
		}
	}
}
