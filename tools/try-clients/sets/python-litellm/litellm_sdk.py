"""LiteLLM's SDK, by each of the ways that it has to an OpenAI-compatible or Anthropic API."""

import json
import os

# LiteLLM else fetches its list of models from elsewhere.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
import pydantic
from support.cases import *

litellm.suppress_debug_info = True
litellm.telemetry = False
tools = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
by_openai = {"api_key": KEY, "api_base": OPENAI}
by_anthropic = {"api_key": KEY, "api_base": ANTHROPIC}


class Person(pydantic.BaseModel):
    name: str
    age: int


def user(content):
    return {"role": "user", "content": content}


ways = {}
for model in MODELS:
    for way in ("openai", "openai/responses", "litellm_proxy", "hosted_vllm"):
        ways[f"{way}/{model}"] = by_openai
    ways[f"anthropic/{model}"] = by_anthropic

for name, base in ways.items():

    def complete(messages, **more):
        return litellm.completion(model=name, messages=messages, num_retries=0, **base, **more)

    def streamed(messages, **more):
        chunks = list(complete(messages, stream=True, stream_options={"include_usage": True}, **more))
        return litellm.stream_chunk_builder(chunks, messages=messages)

    @case(f"plain {name}")
    def _():
        answer = complete([user("amber")])
        contains(answer.choices[0].message.content, "amber")
        assert answer.choices[0].finish_reason == "stop" and answer.usage.prompt_tokens > 0, answer

    @case(f"streamed {name}")
    def _():
        answer = streamed([user("amber")])
        contains(answer.choices[0].message.content, "amber")
        assert answer.usage.completion_tokens > 0, answer

    @case(f"tools streamed, and their results {name}")
    def _():
        messages = [user(CALLS)]
        message = streamed(messages, tools=tools).choices[0].message
        cities = [json.loads(call.function.arguments)["city"] for call in message.tool_calls]
        assert cities == ["Riga", "Oslo"], cities
        results = [
            {"role": "tool", "tool_call_id": call.id, "name": "weather", "content": f"21 degrees in {city}"}
            for call, city in zip(message.tool_calls, cities)
        ]
        answer = complete([*messages, message.model_dump(), *results], tools=tools)
        contains(answer.choices[0].message.content, "21 degrees in Oslo")

    @case(f"structured output {name}")
    def _():
        answer = complete([user("Ada")], response_format=Person)
        contains(Person.model_validate_json(answer.choices[0].message.content).name, "Ada")

    @case(f"picture {name}")
    def _():
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
        answer = complete([user([{"type": "text", "text": "[[seen]]"}, picture])])
        contains(answer.choices[0].message.content, '"images":1')

    @case(f"errors are LiteLLM's own classes {name}")
    def _():
        ask = {"messages": [user("x")], **base}
        raises(litellm.NotFoundError, lambda: litellm.completion(model=f"{name}-none", **ask))
        wrong = {**ask, "api_key": "sk-wrong"}
        raises(litellm.AuthenticationError, lambda: litellm.completion(model=name, **wrong))
        raises(litellm.ContextWindowExceededError, lambda: complete([user("word " * 2_000_000)]))


for name in (f"openai/{GPT}", f"openai/{CLAUDE}", f"anthropic/{CLAUDE}"):

    @case(f"reasoning and a turn of tools {name}")
    def _():
        more = {"tools": tools, "reasoning_effort": "low", "max_tokens": 8000, **ways[name]}
        messages = [user(f"[[reasoning:40]] {CALL}")]
        message = litellm.completion(model=name, messages=messages, **more).choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "21 degrees"}
        answer = litellm.completion(model=name, messages=[*messages, message, result], **more)
        contains(answer.choices[0].message.content, "21 degrees")


end_script()
