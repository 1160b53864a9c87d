"""OpenAI's Agents SDK over Responses and chat completions."""

from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    SQLiteSession,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from openai.types.shared import Reasoning
from pydantic import BaseModel
from support.cases import *

set_tracing_disabled(True)
client = AsyncOpenAI(api_key=KEY, base_url=OPENAI, max_retries=0)


class Person(BaseModel):
    name: str
    age: int
    nick: str | None


@function_tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"21 degrees in {city}"


@function_tool
def broken(city: str) -> str:
    """Fails."""
    raise ValueError("boom")


def picture_of(text):
    image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
    return [{"role": "user", "content": [image, {"type": "input_text", "text": text}]}]


for surface, kind in (("responses", OpenAIResponsesModel), ("chat", OpenAIChatCompletionsModel)):
    for model in MODELS:
        name = f"{surface} {model}"

        def agent(**more):
            engine = kind(model=model, openai_client=client)
            return Agent(name="helper", instructions="Be brief.", model=engine, **more)

        @case(f"run {name}")
        async def _():
            result = await Runner.run(agent(), "amber")
            contains(result.final_output, "amber")
            assert result.context_wrapper.usage.total_tokens > 0, result.context_wrapper.usage

        @case(f"run_streamed with tools {name}")
        async def _():
            run = Runner.run_streamed(agent(tools=[weather]), CALLS)
            events = [getattr(event, "name", event.type) async for event in run.stream_events()]
            assert events.count("tool_output") == 2, events
            contains(run.final_output, "21 degrees in Oslo")

        @case(f"a session of two turns {name}")
        async def _():
            session, helper = SQLiteSession(name), agent(tools=[weather])
            for text in (CALL, f"Once more: {CALL}"):
                contains((await Runner.run(helper, text, session=session)).final_output, "21 degrees in Riga")

        @case(f"a tool that fails {name}")
        async def _():
            run = await Runner.run(agent(tools=[broken]), '[[call:broken {"city":"Riga"}]] [[seen]]')
            contains(run.final_output, "error occurred")

        @case(f"output_type {name}")
        async def _():
            contains((await Runner.run(agent(output_type=Person), "Ada")).final_output.name, "Ada")

        @case(f"handoff {name}")
        async def _():
            expert = Agent(name="expert", model=kind(model=model, openai_client=client))
            run = await Runner.run(agent(handoffs=[expert]), "[[call:transfer_to_expert {}]]")
            assert run.last_agent.name == "expert", run

        @case(f"picture {name}")
        async def _():
            contains((await Runner.run(agent(), picture_of("[[seen]]"))).final_output, '"images":1')

        if model != GEMINI:

            @case(f"reasoning over two turns of tools {name}")
            async def _():
                settings = ModelSettings(reasoning=Reasoning(effort="low", summary="auto"), max_tokens=4000)
                helper = agent(tools=[weather], model_settings=settings)
                run = await Runner.run(helper, f"[[reasoning:40]] {CALL}")
                items = [*run.to_input_list(), {"role": "user", "content": "[[seen]]"}]
                contains((await Runner.run(helper, items)).final_output, "21 degrees in Riga")


end_script()
