// Package support is what the scripts of Go clients share: how a case is tried and its line is written.
package support

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

var (
	url = os.Getenv("GW_URL")
	// Key is the account's.
	Key = os.Getenv("GW_KEY")
	// OpenAI is the base URL that OpenAI's clients are given, Anthropic the one that Anthropic's are.
	OpenAI, Anthropic = url + "/v1/", url
	// Models has one of each provider, by the name that a client would write.
	Models = []string{"gpt-5-mini", "claude-haiku-4-5", "gemini-2.5-flash"}
)

const (
	// Call makes the simulator call a tool, and show afterwards what reached it.
	Call = `[[call:weather {"city":"Riga"}]] [[seen]]`
	// Silence is longer than the vendors' clients, and what stands between, wait for a sign of life.
	Silence = "[[latency:20000]]"
	// PNG is a picture in base64.
	PNG = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR4nGM4ISdHEmIY1TCqYfhqAADkYgQQ60fIxgAA" +
		"AABJRU5ErkJggg=="
)

const reasonLengthMax = 300

var (
	failures int
	writing  sync.Mutex
)

// City is the schema of the tool's arguments.
func City() map[string]any {
	return map[string]any{
		"type":                 "object",
		"properties":           map[string]any{"city": map[string]any{"type": "string"}},
		"required":             []string{"city"},
		"additionalProperties": false,
	}
}

// Case tries one case and writes its line: `ok NAME`, or `not ok NAME: why`.
func Case(name string, work func() error) {
	err := work()
	writing.Lock()
	defer writing.Unlock()
	if err == nil {
		fmt.Println("ok", name)
		return
	}
	failures++
	why := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Printf("not ok %s: %s\n", name, why[:min(len(why), reasonLengthMax)])
}

// AtOnce tries cases side by side: each of them waits for long.
func AtOnce(cases map[string]func() error) {
	var group sync.WaitGroup
	for name, work := range cases {
		group.Add(1)
		go func() {
			defer group.Done()
			Case(name, work)
		}()
	}
	group.Wait()
}

// EndScript ends the script with what its cases came to.
func EndScript() {
	if failures > 0 {
		os.Exit(1)
	}
}

// Contains is an error with both texts where the part is not in the text.
func Contains(text, part string) error {
	if strings.Contains(text, part) {
		return nil
	}
	return fmt.Errorf("%q is not in %q", part, text)
}
