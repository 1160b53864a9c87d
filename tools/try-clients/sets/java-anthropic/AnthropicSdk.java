import static support.Cases.*;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Base64ImageSource;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.ImageBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.TextBlockParam;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Anthropic's own SDK for Java, over Messages, to a model of each provider. */
public class AnthropicSdk {
    /** It validates what it reads: a field that its API requires and an answer lacks is an error. */
    static final AnthropicClient client = clientOf(KEY);

    static final Tool weather =
            Tool.builder()
                    .name("weather")
                    .description("Tells the weather")
                    .inputSchema(
                            Tool.InputSchema.builder()
                                    .properties(JsonValue.from(Map.of("city", Map.of("type", "string"))))
                                    .required(List.of("city"))
                                    .build())
                    .build();

    static AnthropicClient clientOf(String key) {
        return AnthropicOkHttpClient.builder()
                .apiKey(key)
                .baseUrl(ANTHROPIC)
                .maxRetries(0)
                .responseValidation(true)
                .build();
    }

    static MessageCreateParams.Builder ask(String model, String text) {
        return MessageCreateParams.builder().model(model).maxTokens(4000).addUserMessage(text);
    }

    static String text(Message message) {
        return message.content().stream()
                .flatMap(block -> block.text().stream())
                .map(block -> block.text())
                .collect(Collectors.joining());
    }

    static Message streamed(MessageCreateParams params) {
        MessageAccumulator whole = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(params)) {
            stream.stream().forEach(whole::accumulate);
        }
        return whole.message();
    }

    /** Streams a call of a tool, and gives its result, and all that came before it, back. */
    static void twoTurns(MessageCreateParams.Builder asked, int blocks) {
        asked.addTool(weather);
        Message first = streamed(asked.build());
        check(first.content().size() == blocks, first);
        ContentBlock last = first.content().get(blocks - 1);
        ContentBlockParam result =
                ContentBlockParam.ofToolResult(
                        ToolResultBlockParam.builder()
                                .toolUseId(last.asToolUse().id())
                                .content("21 degrees")
                                .build());
        asked.addMessage(first).addUserMessageOfContentBlockParams(List.of(result));
        contains(text(client.messages().create(asked.build())), "21 degrees");
    }

    static void picture(String model) {
        Base64ImageSource source =
                Base64ImageSource.builder()
                        .mediaType(Base64ImageSource.MediaType.IMAGE_PNG)
                        .data(PNG)
                        .build();
        List<ContentBlockParam> blocks =
                List.of(
                        ContentBlockParam.ofImage(ImageBlockParam.builder().source(source).build()),
                        ContentBlockParam.ofText(TextBlockParam.builder().text("[[seen]]").build()));
        MessageCreateParams params =
                MessageCreateParams.builder()
                        .model(model)
                        .maxTokens(4000)
                        .addUserMessageOfContentBlockParams(blocks)
                        .build();
        contains(text(client.messages().create(params)), "\"images\":1");
    }

    public static void main(String[] args) throws Exception {
        Map<String, Work> silent = new HashMap<>();
        for (String model : MODELS) {
            tryCase(
                    "message " + model,
                    () -> contains(text(client.messages().create(ask(model, "amber").build())), "amber"));
            tryCase("streamed " + model, () -> contains(text(streamed(ask(model, "amber").build())), "amber"));
            tryCase("tools streamed, and their result " + model, () -> twoTurns(ask(model, CALL), 1));
            tryCase("picture " + model, () -> picture(model));
            silent.put(
                    "after twenty seconds of silence " + model,
                    () -> contains(text(streamed(ask(model, "amber " + SILENCE).build())), "amber"));
        }
        tryCase(
                "thinking given back",
                () -> twoTurns(ask("claude-haiku-4-5", "[[reasoning:40]] " + CALL).enabledThinking(2048), 2));
        tryCase("models", () -> check(client.models().list().items().size() > 10, "a few models only"));
        tryCase(
                "errors are the SDK's own classes",
                () -> {
                    MessageCreateParams params = ask("claude-haiku-4-5", "x").build();
                    thrown(UnauthorizedException.class, () -> clientOf("sk-wrong").messages().create(params));
                    thrown(
                            NotFoundException.class,
                            () -> client.messages().create(ask("claude-none", "x").build()));
                    var asked = ask("claude-haiku-4-5", "x").putAdditionalBodyProperty("colour", JsonValue.from(1));
                    var unknown =
                            thrown(BadRequestException.class, () -> client.messages().create(asked.build()));
                    contains(unknown.getMessage(), "colour: Extra inputs are not permitted");
                });
        tryAtOnce(silent);
        endScript();
    }
}
