// Anthropic's own SDK for Go, over Messages, to a model of each provider.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"
	"try/support"
)

var (
	ctx    = context.Background()
	client = anthropic.NewClient(option.WithAPIKey(support.Key), option.WithBaseURL(support.Anthropic), option.WithMaxRetries(0))
	tools  = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name:        "weather",
		Description: anthropic.String("Tells the weather"),
		InputSchema: anthropic.ToolInputSchemaParam{
			Properties: support.City()["properties"],
			Required:   []string{"city"},
		},
	}}}
)

func ask(model string, blocks ...anthropic.ContentBlockParamUnion) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model:     anthropic.Model(model),
		MaxTokens: 4000,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(blocks...)},
	}
}

func text(message *anthropic.Message) string {
	words := ""
	for _, block := range message.Content {
		words += block.Text
	}
	return words
}

func streamed(params anthropic.MessageNewParams) (*anthropic.Message, error) {
	stream := client.Messages.NewStreaming(ctx, params)
	message := anthropic.Message{}
	for stream.Next() {
		if err := message.Accumulate(stream.Current()); err != nil {
			return nil, err
		}
	}
	return &message, stream.Err()
}

func plain(model string) error {
	message, err := client.Messages.New(ctx, ask(model, anthropic.NewTextBlock("amber")))
	if err != nil {
		return err
	}
	if message.StopReason != "end_turn" || message.Usage.InputTokens == 0 {
		return errors.New(message.RawJSON())
	}
	return support.Contains(text(message), "amber")
}

func stream(model, words string) error {
	message, err := streamed(ask(model, anthropic.NewTextBlock(words)))
	if err != nil {
		return err
	}
	if message.Usage.InputTokens == 0 || message.Usage.OutputTokens == 0 {
		return fmt.Errorf("%+v", message.Usage)
	}
	return support.Contains(text(message), "amber")
}

// twoTurns streams a call of a tool, gives its result, and all that came before it, back.
func twoTurns(params anthropic.MessageNewParams, kinds ...string) error {
	params.Tools = tools
	first, err := streamed(params)
	if err != nil {
		return err
	}
	if len(first.Content) != len(kinds) {
		return fmt.Errorf("%+v", first.Content)
	}
	for at, kind := range kinds {
		if string(first.Content[at].Type) != kind {
			return fmt.Errorf("%+v", first.Content)
		}
	}
	result := anthropic.NewToolResultBlock(first.Content[len(kinds)-1].ID, "21 degrees", false)
	params.Messages = append(params.Messages, first.ToParam(), anthropic.NewUserMessage(result))
	second, err := client.Messages.New(ctx, params)
	if err != nil {
		return err
	}
	return support.Contains(text(second), "21 degrees")
}

func refused(err error, status int, words string) error {
	var refusal *anthropic.Error
	if !errors.As(err, &refusal) || refusal.StatusCode != status {
		return fmt.Errorf("%d was wanted, not %v", status, err)
	}
	return support.Contains(refusal.RawJSON(), words)
}

func main() {
	silent := map[string]func() error{}
	for _, model := range support.Models {
		support.Case("message "+model, func() error { return plain(model) })
		support.Case("streamed "+model, func() error { return stream(model, "amber") })
		support.Case("tools streamed, and their result "+model, func() error {
			return twoTurns(ask(model, anthropic.NewTextBlock(support.Call)), "tool_use")
		})
		support.Case("picture "+model, func() error {
			picture := anthropic.NewImageBlockBase64("image/png", support.PNG)
			message, err := client.Messages.New(ctx, ask(model, picture, anthropic.NewTextBlock("[[seen]]")))
			if err != nil {
				return err
			}
			return support.Contains(text(message), `"images":1`)
		})
		silent["after twenty seconds of silence "+model] = func() error {
			return stream(model, "amber "+support.Silence)
		}
	}
	support.Case("thinking given back", func() error {
		params := ask("claude-haiku-4-5", anthropic.NewTextBlock("[[reasoning:40]] "+support.Call))
		params.Thinking = anthropic.ThinkingConfigParamOfEnabled(2048)
		return twoTurns(params, "thinking", "tool_use")
	})
	support.Case("models", func() error {
		model, err := client.Models.Get(ctx, "claude-haiku-4-5", anthropic.ModelGetParams{})
		if err != nil {
			return err
		}
		return support.Contains(model.ID, "anthropic/claude-haiku-4-5")
	})
	support.Case("a wrong key is the SDK's own error", func() error {
		_, err := client.Messages.New(ctx, ask("claude-haiku-4-5", anthropic.NewTextBlock("x")), option.WithAPIKey("sk-wrong"))
		return refused(err, 401, "authentication_error")
	})
	support.Case("an unknown model is the SDK's own error", func() error {
		_, err := client.Messages.New(ctx, ask("claude-none", anthropic.NewTextBlock("x")))
		return refused(err, 404, "not_found_error")
	})
	support.Case("an unknown field is the SDK's own error", func() error {
		_, err := client.Messages.New(ctx, ask("claude-haiku-4-5", anthropic.NewTextBlock("x")), option.WithJSONSet("colour", 1))
		return refused(err, 400, "colour: Extra inputs are not permitted")
	})
	support.AtOnce(silent)
	support.EndScript()
}
