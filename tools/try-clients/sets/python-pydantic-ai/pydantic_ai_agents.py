"""Pydantic AI's agents over chat completions, Responses and Messages."""

import base64

from anthropic import AsyncAnthropic
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, ModelRetry, NativeOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from support.cases import *

by_openai = OpenAIProvider(base_url=OPENAI, api_key=KEY)
by_anthropic = AnthropicProvider(
    anthropic_client=AsyncAnthropic(api_key=KEY, base_url=ANTHROPIC, max_retries=0)
)
picture = BinaryContent(base64.b64decode(PNG), media_type="image/png")


class Person(BaseModel):
    name: str
    age: int
    nick: str | None


def agent_of(model):
    agent = Agent(model, instructions="Be brief.")

    @agent.tool_plain
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        return f"21 degrees in {city}"

    @agent.tool_plain(retries=1)
    def flaky(city: str) -> str:
        """Asks to try again."""
        raise ModelRetry("another city, please")

    return agent


models = {}
for model in MODELS:
    models[f"chat {model}"] = OpenAIChatModel(model, provider=by_openai)
    models[f"responses {model}"] = OpenAIResponsesModel(model, provider=by_openai)
    models[f"messages {model}"] = AnthropicModel(model, provider=by_anthropic)

for name, model in models.items():

    @case(f"run {name}")
    async def _():
        contains((await Agent(model).run("amber")).output, "amber")

    @case(f"run_stream {name}")
    async def _():
        async with Agent(model).run_stream("amber") as run:
            contains("".join([text async for text in run.stream_text(delta=True)]), "amber")

    @case(f"tools, and their history {name}")
    async def _():
        agent = agent_of(model)
        first = await agent.run(CALLS)
        contains(first.output, "21 degrees in Oslo")
        contains((await agent.run("[[seen]]", message_history=first.all_messages())).output, "in Oslo")

    @case(f"a tool that asks to try again {name}")
    async def _():
        contains((await agent_of(model).run('[[call:flaky {"city":"Riga"}]] [[seen]]')).output, "another city")

    @case(f"output by tool {name}")
    async def _():
        contains((await Agent(model, output_type=Person).run("Ada")).output.name, "Ada")

    # Pydantic AI itself has none for models that it does not know behind Anthropic's API.
    if not name.startswith("messages") or CLAUDE in name:

        @case(f"output by schema {name}")
        async def _():
            contains((await Agent(model, output_type=NativeOutput(Person)).run("Ada")).output.name, "Ada")

    @case(f"picture {name}")
    async def _():
        contains((await Agent(model).run(["[[seen]]", picture])).output, '"images":1')

    @case(f"history of another model {name}")
    async def _():
        first = await agent_of(models[f"messages {CLAUDE}"]).run(CALL)
        contains((await agent_of(model).run("[[seen]]", message_history=first.all_messages())).output, "Riga")


for name, settings in {
    f"chat {GPT}": {"openai_reasoning_effort": "low"},
    f"chat {CLAUDE}": {"openai_reasoning_effort": "low", "max_tokens": 4000},
    f"responses {GPT}": {"openai_reasoning_effort": "low", "openai_reasoning_summary": "detailed"},
    f"messages {CLAUDE}": {"anthropic_thinking": {"type": "enabled", "budget_tokens": 2000}, "max_tokens": 4000},
}.items():

    @case(f"reasoning, tools and their history {name}")
    async def _():
        agent = agent_of(models[name])
        first = await agent.run(f"[[reasoning:40]] {CALL}", model_settings=settings)
        again = await agent.run("[[seen]]", message_history=first.all_messages(), model_settings=settings)
        contains(again.output, "21 degrees in Riga")


end_script()
