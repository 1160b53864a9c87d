"""Anthropic's own SDK, over Messages and message batches, to a model of each provider."""

import asyncio
import time

import anthropic
import pydantic
from support.cases import *

# It validates what it reads, where it knows all of that: a field that an answer lacks is an error.
strict = {"_strict_response_validation": hasattr(anthropic.types, "ThinkingBlock")}
client = anthropic.Anthropic(api_key=KEY, base_url=ANTHROPIC, max_retries=0, **strict)
create, stream = client.messages.create, client.messages.stream
tools = [{"name": "weather", "description": "Tells the weather", "input_schema": CITY}]
picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


class Person(pydantic.BaseModel):
    name: str
    age: int


def user(content):
    return {"role": "user", "content": content}


def result(use, content):
    return user([{"type": "tool_result", "tool_use_id": use.id, "content": content}])


for model in MODELS:
    ask = {"model": model, "max_tokens": 4000}

    @case(f"message {model}")
    def _():
        answer = create(**ask, system="Be brief.", messages=[user("amber")])
        contains(answer.content[0].text, "amber")
        assert answer.stop_reason == "end_turn" and answer.usage.input_tokens > 0, answer

    @case(f"events of a stream {model}")
    def _():
        kinds = [event.type for event in create(**ask, messages=[user("amber")], stream=True)]
        assert kinds[0] == "message_start" and kinds[-1] == "message_stop", kinds

    @case(f"stream helper {model}")
    def _():
        with stream(**ask, messages=[user("amber")]) as streamed:
            text = "".join(streamed.text_stream)
            final = streamed.get_final_message()
        contains(text, "amber")
        assert text == final.content[0].text and final.usage.input_tokens > 0, final

    @case(f"tools over two turns {model}")
    def _():
        messages = [user(CALL)]
        first = create(**ask, messages=messages, tools=tools)
        assert first.stop_reason == "tool_use" and first.content[-1].input == {"city": "Riga"}, first
        messages += [{"role": "assistant", "content": first.content}, result(first.content[-1], "21 degrees")]
        contains(create(**ask, messages=messages, tools=tools).content[0].text, "21 degrees")

    @case(f"tools streamed {model}")
    def _():
        with stream(**ask, messages=[user(CALLS)], tools=tools) as streamed:
            final = streamed.get_final_message()
        assert [block.input["city"] for block in final.content] == ["Riga", "Oslo"], final

    @case(f"a failed tool and a picture as results {model}")
    def _():
        messages = [user(CALLS)]
        first = create(**ask, messages=messages, tools=tools)
        results = [result(first.content[0], "no such city"), result(first.content[1], [picture])]
        blocks = [block for message in results for block in message["content"]]
        blocks[0]["is_error"] = True
        messages += [{"role": "assistant", "content": first.content}, user([*blocks, {"type": "text", "text": "[[seen]]"}])]
        text = create(**ask, messages=messages, tools=tools).content[0].text
        contains(text, "no such city")
        contains(text, '"images":1')

    @case(f"picture and cache marks {model}")
    def _():
        marked = {"type": "text", "text": "[[seen]]", "cache_control": {"type": "ephemeral"}}
        contains(create(**ask, messages=[user([picture, marked])]).content[0].text, '"images":1')

    @case(f"structured output {model}")
    def _():
        if hasattr(client.messages, "parse"):
            answer = client.messages.parse(**ask, messages=[user("Ada")], output_format=Person)
            assert answer.parsed_output.name == "Ada", answer

    @case(f"counted tokens {model}")
    def _():
        messages = client.messages if hasattr(client.messages, "count_tokens") else None
        if messages is not None:
            assert messages.count_tokens(model=model, messages=[user("x")]).input_tokens > 0


@case("thinking given back")
def _():
    ask = {"model": CLAUDE, "max_tokens": 4000, "tools": tools}
    ask["extra_body"] = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    messages = [user(f"[[reasoning:40]] {CALL}")]
    with stream(**ask, messages=messages) as streamed:
        first = streamed.get_final_message()
    assert [block.type for block in first.content] == ["thinking", "tool_use"], first
    messages += [{"role": "assistant", "content": first.content}, result(first.content[1], "21 degrees")]
    contains(create(**ask, messages=messages).content[-1].text, "21 degrees")


@case("a batch of messages")
def _():
    batches = getattr(client.messages, "batches", None)
    if batches is None:
        return
    params = {"model": CLAUDE, "max_tokens": 100, "messages": [user("amber")]}
    batch = batches.create(requests=[{"custom_id": "a", "params": params}])
    deadline = time.monotonic() + 60
    while batch.processing_status != "ended" and time.monotonic() < deadline:
        time.sleep(0.2)
        batch = batches.retrieve(batch.id)
    contains(list(batches.results(batch.id)), "amber")


@case("models")
def _():
    if hasattr(client, "models"):
        assert f"anthropic/{CLAUDE}" in [model.id for model in client.models.list(limit=20)]
        assert client.models.retrieve(CLAUDE).display_name == CLAUDE


@case("errors are the SDK's own classes")
def _():
    ask = {"model": CLAUDE, "max_tokens": 100, "messages": [user("x")]}
    stranger = anthropic.Anthropic(api_key="sk-wrong", base_url=ANTHROPIC)
    raises(anthropic.AuthenticationError, lambda: stranger.messages.create(**ask), "authentication_error")
    raises(anthropic.NotFoundError, lambda: create(**{**ask, "model": "claude-none"}), "not_found_error")
    unknown = lambda: create(**ask, extra_body={"colour": 1})
    raises(anthropic.BadRequestError, unknown, "colour: Extra inputs are not permitted")
    long = {**ask, "messages": [user("word " * 1_000_000)]}
    raises(anthropic.BadRequestError, lambda: create(**long), "prompt is too long")
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
    raises(anthropic.BadRequestError, lambda: create(**ask, extra_body=thinking), "budget_tokens")


@case("twenty seconds of silence before a stream begins")
async def _():
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=ANTHROPIC, max_retries=0) as asynchronous:

        async def streamed(model):
            ask = {"model": model, "max_tokens": 4000, "messages": [user(f"amber {SILENCE}")]}
            async with asynchronous.messages.stream(**ask) as stream:
                return await stream.get_final_text()

        for text in await asyncio.gather(*[streamed(model) for model in MODELS]):
            contains(text, "amber")


end_script()
