// OpenAI's own SDK for Go, over chat completions and Responses, to a model of each provider.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	"try/support"
)

var (
	ctx    = context.Background()
	client = openai.NewClient(option.WithAPIKey(support.Key), option.WithBaseURL(support.OpenAI), option.WithMaxRetries(0))
	tools  = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name: "weather", Description: openai.String("Tells the weather"), Parameters: support.City(), Strict: openai.Bool(true),
	})}
)

func ask(model string, messages ...openai.ChatCompletionMessageParamUnion) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model, Messages: messages}
}

func chat(model string) error {
	answer, err := client.Chat.Completions.New(ctx, ask(model, openai.SystemMessage("Be brief."), openai.UserMessage("amber")))
	if err != nil {
		return err
	}
	if answer.Usage.TotalTokens == 0 || answer.Choices[0].FinishReason != "stop" {
		return errors.New(answer.RawJSON())
	}
	return support.Contains(answer.Choices[0].Message.Content, "amber")
}

func chatStreamed(model, text string) error {
	params := ask(model, openai.UserMessage(text))
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	whole := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return err
	}
	if whole.Usage.CompletionTokens == 0 {
		return errors.New("no usage")
	}
	return support.Contains(whole.Choices[0].Message.Content, "amber")
}

func chatTools(model string) error {
	params := ask(model, openai.UserMessage(support.Call))
	params.Tools = tools
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	whole := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		whole.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return err
	}
	message := whole.Choices[0].Message
	if len(message.ToolCalls) != 1 || message.ToolCalls[0].Function.Arguments != `{"city":"Riga"}` {
		return fmt.Errorf("%+v", message.ToolCalls)
	}
	params.Messages = append(params.Messages, message.ToParam(), openai.ToolMessage("21 degrees", message.ToolCalls[0].ID))
	answer, err := client.Chat.Completions.New(ctx, params)
	if err != nil {
		return err
	}
	return support.Contains(answer.Choices[0].Message.Content, "21 degrees")
}

func chatSchema(model string) error {
	params := ask(model, openai.UserMessage("amber"))
	params.ResponseFormat.OfJSONSchema = &openai.ResponseFormatJSONSchemaParam{
		JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{Name: "city", Schema: support.City(), Strict: openai.Bool(true)},
	}
	answer, err := client.Chat.Completions.New(ctx, params)
	if err != nil {
		return err
	}
	var city struct{ City string }
	if err := json.Unmarshal([]byte(answer.Choices[0].Message.Content), &city); err != nil {
		return err
	}
	return support.Contains(city.City, "amber")
}

func chatPicture(model string) error {
	url := "data:image/png;base64," + support.PNG
	answer, err := client.Chat.Completions.New(ctx, ask(model, openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
		openai.TextContentPart("[[seen]]"),
		openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: url, Detail: "low"}),
	})))
	if err != nil {
		return err
	}
	return support.Contains(answer.Choices[0].Message.Content, `"images":1`)
}

func responded(model, text string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(text)}}
}

func responseStreamed(model, text string) error {
	stream := client.Responses.NewStreaming(ctx, responded(model, text))
	var last responses.ResponseStreamEventUnion
	for stream.Next() {
		last = stream.Current()
	}
	if err := stream.Err(); err != nil {
		return err
	}
	return support.Contains(last.Response.OutputText(), "amber")
}

func responseTools(model string) error {
	params := responded(model, support.Call)
	params.Tools = []responses.ToolUnionParam{responses.ToolParamOfFunction("weather", support.City(), true)}
	first, err := client.Responses.New(ctx, params)
	if err != nil {
		return err
	}
	for _, item := range first.Output {
		if item.Type != "function_call" {
			continue
		}
		params.PreviousResponseID = openai.String(first.ID)
		result := responses.ResponseInputItemParamOfFunctionCallOutput("21 degrees")
		result.OfFunctionCallOutput.CallID = openai.String(item.CallID)
		params.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{result}}
		second, err := client.Responses.New(ctx, params)
		if err != nil {
			return err
		}
		return support.Contains(second.OutputText(), "21 degrees")
	}
	return errors.New(first.RawJSON())
}

// refused is an error unless the work fails with the SDK's own, of this status and code.
func refused(err error, status int, code string) error {
	var refusal *openai.Error
	if !errors.As(err, &refusal) || refusal.StatusCode != status || refusal.Code != code {
		return fmt.Errorf("%d %s was wanted, not %v", status, code, err)
	}
	return nil
}

func main() {
	for _, model := range support.Models {
		support.Case("chat "+model, func() error { return chat(model) })
		support.Case("chat streamed "+model, func() error { return chatStreamed(model, "amber") })
		support.Case("chat tools streamed, and their result "+model, func() error { return chatTools(model) })
		support.Case("chat structured output "+model, func() error { return chatSchema(model) })
		support.Case("chat picture "+model, func() error { return chatPicture(model) })
		support.Case("responses streamed "+model, func() error { return responseStreamed(model, "amber") })
		support.Case("responses tools, continued by id "+model, func() error { return responseTools(model) })
	}
	support.Case("models", func() error {
		model, err := client.Models.Get(ctx, "gpt-5-mini")
		if err != nil {
			return err
		}
		return support.Contains(model.ID, "openai/gpt-5-mini")
	})
	support.Case("a wrong key is the SDK's own error", func() error {
		_, err := client.Chat.Completions.New(ctx, ask("gpt-5-mini", openai.UserMessage("x")), option.WithAPIKey("sk-wrong"))
		return refused(err, 401, "invalid_api_key")
	})
	support.Case("an unknown model is the SDK's own error", func() error {
		_, err := client.Chat.Completions.New(ctx, ask("gpt-none", openai.UserMessage("x")))
		return refused(err, 404, "model_not_found")
	})
	support.Case("an unknown field is the SDK's own error", func() error {
		_, err := client.Responses.New(ctx, responded("gpt-5-mini", "x"), option.WithJSONSet("colour", 1))
		return refused(err, 400, "unknown_parameter")
	})
	silent := map[string]func() error{}
	for _, model := range support.Models {
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
