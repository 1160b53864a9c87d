import static support.Cases.*;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStreamEvent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** OpenAI's own SDK for Java, over chat completions and Responses, to a model of each provider. */
public class OpenaiSdk {
    /** It validates what it reads: a field that its API requires and an answer lacks is an error. */
    static final OpenAIClient client = clientOf(KEY);

    @JsonClassDescription("Tells the weather")
    static class weather {
        public String city;
    }

    static class Person {
        public String name;
        public int age;
    }

    static OpenAIClient clientOf(String key) {
        return OpenAIOkHttpClient.builder()
                .apiKey(key)
                .baseUrl(OPENAI)
                .maxRetries(0)
                .responseValidation(true)
                .build();
    }

    static ChatCompletionCreateParams.Builder ask(String model, String text) {
        return ChatCompletionCreateParams.builder().model(model).addUserMessage(text);
    }

    static ChatCompletionMessage chat(ChatCompletionCreateParams params) {
        return client.chat().completions().create(params).choices().get(0).message();
    }

    static ChatCompletion streamed(ChatCompletionCreateParams params) {
        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(whole::accumulate);
        }
        return whole.chatCompletion();
    }

    static Response responded(String model, String text) {
        ResponseCreateParams params = ResponseCreateParams.builder().model(model).input(text).build();
        ResponseAccumulator whole = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
            stream.stream().forEach(whole::accumulate);
        }
        return whole.response();
    }

    static void chatStreamed(String model, String text) {
        ChatCompletionStreamOptions usage = ChatCompletionStreamOptions.builder().includeUsage(true).build();
        ChatCompletion whole = streamed(ask(model, text).streamOptions(usage).build());
        contains(whole.choices().get(0).message().content().orElse(""), "amber");
        check(whole.usage().get().completionTokens() > 0, whole);
    }

    static void chatTools(String model) {
        ChatCompletionCreateParams.Builder asked = ask(model, CALL).addTool(weather.class);
        ChatCompletionMessage first = streamed(asked.build()).choices().get(0).message();
        var call = first.toolCalls().get().get(0).asFunction();
        check(call.function().arguments(weather.class).city.equals("Riga"), first);
        ChatCompletionToolMessageParam result =
                ChatCompletionToolMessageParam.builder().toolCallId(call.id()).content("21 degrees").build();
        contains(chat(asked.addMessage(first).addMessage(result).build()).content().orElse(""), "21 degrees");
    }

    static void chatPicture(String model) {
        ChatCompletionContentPart text =
                ChatCompletionContentPart.ofText(ChatCompletionContentPartText.builder().text("[[seen]]").build());
        ChatCompletionContentPart picture =
                ChatCompletionContentPart.ofImageUrl(
                        ChatCompletionContentPartImage.builder()
                                .imageUrl(
                                        ChatCompletionContentPartImage.ImageUrl.builder()
                                                .url("data:image/png;base64," + PNG)
                                                .build())
                                .build());
        ChatCompletionCreateParams params =
                ChatCompletionCreateParams.builder()
                        .model(model)
                        .addUserMessageOfArrayOfContentParts(List.of(text, picture))
                        .build();
        contains(chat(params).content().orElse(""), "\"images\":1");
    }

    static void responseTools(String model) {
        ResponseCreateParams.Builder asked =
                ResponseCreateParams.builder().model(model).input(CALL).addTool(weather.class);
        Response first = client.responses().create(asked.build());
        ResponseFunctionToolCall call =
                first.output().stream().flatMap(item -> item.functionCall().stream()).findFirst().get();
        ResponseInputItem result =
                ResponseInputItem.ofFunctionCallOutput(
                        ResponseInputItem.FunctionCallOutput.builder()
                                .callId(call.callId())
                                .output("21 degrees")
                                .build());
        asked.previousResponseId(first.id()).inputOfResponse(List.of(result));
        contains(client.responses().create(asked.build()).toString(), "21 degrees");
    }

    public static void main(String[] args) throws Exception {
        Map<String, Work> silent = new HashMap<>();
        for (String model : MODELS) {
            tryCase("chat " + model, () -> contains(chat(ask(model, "amber").build()).content().get(), "amber"));
            tryCase("chat streamed " + model, () -> chatStreamed(model, "amber"));
            tryCase("chat tools streamed, and their result " + model, () -> chatTools(model));
            tryCase(
                    "chat structured output " + model,
                    () -> {
                        var params = ask(model, "Ada").responseFormat(Person.class).build();
                        var answer = client.chat().completions().create(params);
                        contains(answer.choices().get(0).message().content().get().name, "Ada");
                    });
            tryCase("chat picture " + model, () -> chatPicture(model));
            tryCase("responses streamed " + model, () -> contains(responded(model, "amber").toString(), "amber"));
            tryCase("responses tools, continued by id " + model, () -> responseTools(model));
            silent.put(
                    "chat after twenty seconds of silence " + model,
                    () -> chatStreamed(model, "amber " + SILENCE));
            silent.put(
                    "responses after twenty seconds of silence " + model,
                    () -> contains(responded(model, "amber " + SILENCE).toString(), "amber"));
        }
        tryCase("models", () -> check(client.models().list().items().size() > 10, "a few models only"));
        tryCase(
                "errors are the SDK's own classes",
                () -> {
                    ChatCompletionCreateParams params = ask("gpt-5-mini", "x").build();
                    var wrongKey =
                            thrown(
                                    UnauthorizedException.class,
                                    () -> clientOf("sk-wrong").chat().completions().create(params));
                    check(wrongKey.code().get().equals("invalid_api_key"), wrongKey);
                    var noModel = thrown(NotFoundException.class, () -> chat(ask("gpt-none", "x").build()));
                    check(noModel.code().get().equals("model_not_found"), noModel);
                    var asked = ask("gpt-5-mini", "x").putAdditionalBodyProperty("colour", JsonValue.from(1));
                    var unknown = thrown(BadRequestException.class, () -> chat(asked.build()));
                    check(unknown.code().get().equals("unknown_parameter"), unknown);
                });
        tryAtOnce(silent);
        endScript();
    }
}
