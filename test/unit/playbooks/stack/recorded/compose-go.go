// Records what Docker Compose reads in compose files with variables: JSON [{"text", "env"}] on stdin, with the answer
// of compose-go on stdout. Run it in a Go module that requires github.com/compose-spec/compose-go/v2 v2.16.2. The
// recorded file keeps the service "web" without its networks, and the first line of an error.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

type Case struct {
	Text string            `json:"text"`
	Env  map[string]string `json:"env"`
}
type Answer struct {
	Case
	Config json.RawMessage `json:"config,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func main() {
	logrus.SetLevel(logrus.PanicLevel)
	var cases []Case
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	answers := []Answer{}
	for _, c := range cases {
		a := Answer{Case: c}
		p, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
			WorkingDir:  "/w",
			ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: []byte(c.Text)}},
			Environment: c.Env,
		}, func(o *loader.Options) {
			o.SetProjectName("p", true)
			o.SkipResolveEnvironment = false
		})
		if err != nil {
			a.Error = err.Error()
		} else {
			b, err := p.MarshalJSON()
			if err != nil {
				panic(err)
			}
			a.Config = b
		}
		answers = append(answers, a)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	_ = e.Encode(answers)
}
