// OpenAI's first SDK for Go, whose decoder takes every blank line for the end of an event that has data.
package main

import (
	"context"
	"errors"

	"github.com/openai/openai-go"
	"github.com/openai/openai-go/option"
	"github.com/openai/openai-go/responses"
	"try/support"
)

var (
	ctx    = context.Background()
	client = openai.NewClient(option.WithAPIKey(support.Key), option.WithBaseURL(support.OpenAI), option.WithMaxRetries(0))
)

func chatStreamed(model, text string) error {
	messages := []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}
	stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: model, Messages: messages})
	whole := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return err
	}
	return support.Contains(whole.Choices[0].Message.Content, "amber")
}

func responseStreamed(model, text string) error {
	input := responses.ResponseNewParamsInputUnion{OfString: openai.String(text)}
	stream := client.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: model, Input: input})
	var last responses.ResponseStreamEventUnion
	for stream.Next() {
		last = stream.Current()
	}
	if err := stream.Err(); err != nil {
		return err
	}
	return support.Contains(last.Response.OutputText(), "amber")
}

func chatTools(model string) error {
	weather := openai.FunctionDefinitionParam{Name: "weather", Parameters: support.City()}
	params := openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(support.Call)},
		Tools:    []openai.ChatCompletionToolParam{{Function: weather}},
	}
	first, err := client.Chat.Completions.New(ctx, params)
	if err != nil {
		return err
	}
	message := first.Choices[0].Message
	if len(message.ToolCalls) != 1 {
		return errors.New(first.RawJSON())
	}
	params.Messages = append(params.Messages, message.ToParam(), openai.ToolMessage("21 degrees", message.ToolCalls[0].ID))
	second, err := client.Chat.Completions.New(ctx, params)
	if err != nil {
		return err
	}
	return support.Contains(second.Choices[0].Message.Content, "21 degrees")
}

func main() {
	silent := map[string]func() error{}
	for _, model := range support.Models {
		support.Case("chat streamed "+model, func() error { return chatStreamed(model, "amber") })
		support.Case("chat tools over two turns "+model, func() error { return chatTools(model) })
		support.Case("responses streamed "+model, func() error { return responseStreamed(model, "amber") })
		silent["chat after twenty seconds of silence "+model] = func() error {
			return chatStreamed(model, "amber "+support.Silence)
		}
		silent["responses after twenty seconds of silence "+model] = func() error {
			return responseStreamed(model, "amber "+support.Silence)
		}
	}
	support.AtOnce(silent)
	support.EndScript()
}
