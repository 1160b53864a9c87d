"""OpenAI's own SDK, over chat completions, Responses, files and batches, to a model of each provider."""

import asyncio
import json
import time

import openai
import pydantic
from support.cases import *

# It validates what it reads: a field that its API requires and an answer lacks is an error.
strict = {"_strict_response_validation": True}
client = openai.OpenAI(api_key=KEY, base_url=OPENAI, max_retries=0, **strict)
chat, responses = client.chat.completions, client.responses
weather = {"name": "weather", "description": "Tells the weather", "parameters": CITY, "strict": True}
chat_tools = [{"type": "function", "function": weather}]
tools = [{"type": "function", **weather}]


class Person(pydantic.BaseModel):
    name: str
    age: int
    nick: "str | None"


class Team(pydantic.BaseModel):
    members: list[Person]


def user(*content):
    return {"role": "user", "content": content[0] if len(content) == 1 else list(content)}


for model in MODELS:

    @case(f"chat {model}")
    def _():
        answer = chat.create(model=model, messages=[user("The word is amber.")])
        contains(answer.choices[0].message.content, "The word is amber.")
        assert answer.choices[0].finish_reason == "stop", answer
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

    @case(f"chat streamed {model}")
    def _():
        text, usage = "", None
        options = {"include_usage": True}
        for chunk in chat.create(model=model, messages=[user("amber")], stream=True, stream_options=options):
            text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
            usage = chunk.usage or usage
        contains(text, "amber")
        assert usage.completion_tokens > 0, usage

    @case(f"chat tools over two turns {model}")
    def _():
        messages = [{"role": "system", "content": "Be brief."}, user(CALL)]
        choice = chat.create(model=model, messages=messages, tools=chat_tools).choices[0]
        assert choice.finish_reason == "tool_calls", choice
        call = choice.message.tool_calls[0]
        assert json.loads(call.function.arguments) == {"city": "Riga"}, call
        messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"}]
        answer = chat.create(model=model, messages=messages, tools=chat_tools)
        contains(answer.choices[0].message.content, "21 degrees")

    @case(f"chat tools streamed by the helper {model}")
    def _():
        helper = chat if hasattr(chat, "stream") else client.beta.chat.completions
        with helper.stream(model=model, messages=[user(CALLS)], tools=chat_tools) as stream:
            kinds = [event.type for event in stream]
            final = stream.get_final_completion()
        assert kinds.count("tool_calls.function.arguments.done") == 2, kinds
        cities = [call.function.parsed_arguments["city"] for call in final.choices[0].message.tool_calls]
        assert cities == ["Riga", "Oslo"], cities

    @case(f"chat parsed {model}")
    def _():
        helper = chat if hasattr(chat, "parse") else client.beta.chat.completions
        answer = helper.parse(model=model, messages=[user("Ada")], response_format=Team)
        assert answer.choices[0].message.parsed.members[0].name == "Ada", answer

    @case(f"chat JSON mode {model}")
    def _():
        format = {"type": "json_object"}
        answer = chat.create(model=model, messages=[user("json")], response_format=format)
        assert isinstance(json.loads(answer.choices[0].message.content), dict), answer

    @case(f"chat picture {model}")
    def _():
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
        answer = chat.create(model=model, messages=[user({"type": "text", "text": "[[seen]]"}, picture)])
        contains(answer.choices[0].message.content, '"images":1')

    @case(f"responses {model}")
    def _():
        answer = responses.create(model=model, input="amber", instructions="Be brief.", metadata={"a": "b"})
        assert answer.status == "completed" and answer.usage.total_tokens > 0, answer
        contains(answer.output_text, "amber")

    @case(f"responses streamed by the helper {model}")
    def _():
        with responses.stream(model=model, input="amber") as stream:
            events = list(stream)
            contains(stream.get_final_response().output_text, "amber")
        assert [event.sequence_number for event in events] == list(range(len(events))), events
        assert events[0].type == "response.created" and events[-1].type == "response.completed", events

    @case(f"responses parsed {model}")
    def _():
        answer = responses.parse(model=model, input="Ada", text_format=Team)
        assert answer.output_parsed.members[0].name == "Ada", answer

    @case(f"responses tools, items sent back {model}")
    def _():
        items = [user(CALL)]
        first = responses.create(model=model, input=items, tools=tools)
        call = next(item for item in first.output if item.type == "function_call")
        items += first.output
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"})
        contains(responses.create(model=model, input=items, tools=tools).output_text, "21 degrees")

    @case(f"responses tools, continued by id {model}")
    def _():
        first = responses.create(model=model, input=CALL, tools=tools)
        call = next(item for item in first.output if item.type == "function_call")
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"}
        second = responses.create(model=model, previous_response_id=first.id, input=[result], tools=tools)
        contains(second.output_text, "21 degrees")


for model in (GPT, CLAUDE):

    @case(f"reasoning in chat {model}")
    def _():
        ask = dict(model=model, messages=[user("[[reasoning:40]]")], reasoning_effort="low")
        answer = chat.create(**ask)
        assert answer.usage.completion_tokens_details.reasoning_tokens > 0, answer.usage
        if model == CLAUDE:
            contains(answer.choices[0].message.model_extra["reasoning_content"], "Let me think")

    @case(f"reasoning summary in responses, encrypted and given back {model}")
    def _():
        ask = dict(model=model, reasoning={"effort": "low", "summary": "auto"}, tools=tools, store=False)
        ask["include"] = ["reasoning.encrypted_content"]
        items = [user(f"[[reasoning:40]] {CALL}")]
        first = responses.create(input=items, **ask)
        thought = next(item for item in first.output if item.type == "reasoning")
        contains(thought.summary[0].text, "Let me think")
        call = next(item for item in first.output if item.type == "function_call")
        items += [item.model_dump(exclude_none=True) for item in first.output]
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"})
        contains(responses.create(input=items, **ask).output_text, "21 degrees")


@case("a background response, polled and deleted")
def _():
    answer = responses.create(model=GPT, input="amber", background=True)
    deadline = time.monotonic() + 30
    while answer.status in ("queued", "in_progress") and time.monotonic() < deadline:
        time.sleep(0.1)
        answer = responses.retrieve(answer.id)
    contains(answer.output_text, "amber")
    responses.delete(answer.id)
    raises(openai.NotFoundError, lambda: responses.retrieve(answer.id))


@case("a batch from a file that has no name")
def _():
    body = {"model": GPT, "messages": [user("amber")]}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    file = client.files.create(purpose="batch", file=json.dumps(line).encode())
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    deadline = time.monotonic() + 60
    while batch.status != "completed" and time.monotonic() < deadline:
        time.sleep(0.2)
        batch = client.batches.retrieve(batch.id)
    contains(client.files.content(batch.output_file_id).text, "amber")


@case("models")
def _():
    assert f"openai/{GPT}" in [model.id for model in client.models.list()]
    assert client.models.retrieve(GPT).id == f"openai/{GPT}"


@case("errors are the SDK's own classes")
def _():
    ask = dict(model=GPT, messages=[user("x")])
    stranger = openai.OpenAI(api_key="sk-wrong", base_url=OPENAI)
    error = raises(openai.AuthenticationError, lambda: stranger.chat.completions.create(**ask))
    assert error.code == "invalid_api_key", error
    error = raises(openai.NotFoundError, lambda: chat.create(**{**ask, "model": "gpt-none"}))
    assert error.code == "model_not_found", error
    error = raises(openai.BadRequestError, lambda: chat.create(**ask, extra_body={"colour": 1}))
    assert (error.code, error.param) == ("unknown_parameter", "colour"), error
    long = [user("word " * 2_000_000)]
    error = raises(openai.BadRequestError, lambda: chat.create(model=GPT, messages=long), "maximum context")
    assert error.code == "context_length_exceeded", error
    raises(openai.NotFoundError, lambda: client.embeddings.create(model="x", input="x"), "not served here")


@case("a stream that its client leaves is cancelled")
async def _():
    async with openai.AsyncOpenAI(api_key=KEY, base_url=OPENAI, max_retries=0) as asynchronous:
        ask = dict(model=GPT, messages=[user("[[chunk_delay:300]] [[length:200]]")], stream=True)
        stream = await asynchronous.chat.completions.create(**ask)
        await stream.__anext__()
        await stream.close()
        path = f"/jobs/{stream.response.headers['x-job-id']}"
        for _ in range(100):
            job = await asynchronous.get(path, cast_to=object)
            if job["status"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.1)
    assert job["status"] == "cancelled", job


@case("twenty seconds of silence before a stream begins")
async def _():
    async with openai.AsyncOpenAI(api_key=KEY, base_url=OPENAI, max_retries=0) as asynchronous:

        async def chatted(model):
            ask = dict(model=model, messages=[user(f"amber {SILENCE}")], stream=True)
            chunks = [chunk async for chunk in await asynchronous.chat.completions.create(**ask)]
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)

        async def responded(model):
            ask = dict(model=model, input=f"amber {SILENCE}", stream=True)
            events = [event async for event in await asynchronous.responses.create(**ask)]
            return events[-1].response.output_text

        calls = [ask(model) for ask in (chatted, responded) for model in MODELS]
        for text in await asyncio.gather(*calls):
            contains(text, "amber")


end_script()
