"""LangChain and LangGraph over chat completions, Responses and Messages."""

import openai
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.prebuilt import create_react_agent
from pydantic import BaseModel
from support.cases import *

try:
    from langchain.agents import create_agent
except ImportError:
    create_agent = None


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@tool
def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"21 degrees in {city}"


def by_openai(model, **more):
    return ChatOpenAI(model=model, api_key=KEY, base_url=OPENAI, max_retries=0, **more)


def by_anthropic(model, **more):
    return ChatAnthropic(model=model, api_key=KEY, base_url=ANTHROPIC, max_retries=0, **more)


makers = {}
for model in MODELS:
    makers[f"chat {model}"] = lambda model=model, **more: by_openai(model, use_responses_api=False, **more)
    makers[f"responses {model}"] = lambda model=model, **more: by_openai(
        model, use_responses_api=True, **more
    )
    makers[f"messages {model}"] = lambda model=model, **more: by_anthropic(model, **more)

for name, make in makers.items():

    @case(f"invoke {name}")
    def _():
        answer = make().invoke([SystemMessage("Be brief."), HumanMessage("amber")])
        contains(answer.text if isinstance(answer.text, str) else answer.text(), "amber")
        assert answer.usage_metadata["input_tokens"] > 0, answer

    @case(f"stream {name}")
    def _():
        more = {} if name.startswith("messages") else {"stream_usage": True}
        whole = None
        for chunk in make(**more).stream("amber"):
            whole = chunk if whole is None else whole + chunk
        contains(whole.content, "amber")
        usage = whole.usage_metadata
        assert usage["input_tokens"] > 0 and usage["output_tokens"] > 0, usage

    @case(f"tools streamed, and their results {name}")
    def _():
        model, messages, whole = make().bind_tools([weather]), [HumanMessage(CALLS)], None
        for chunk in model.stream(messages):
            whole = chunk if whole is None else whole + chunk
        assert [call["args"]["city"] for call in whole.tool_calls] == ["Riga", "Oslo"], whole
        messages += [whole, *[weather.invoke(call) for call in whole.tool_calls]]
        contains(model.invoke(messages).content, "21 degrees in Oslo")

    for agent in (create_react_agent, create_agent):
        if agent is None:
            continue

        @case(f"{agent.__name__} over two turns {name}")
        def _():
            graph = agent(make(), [weather], checkpointer=MemorySaver())
            thread = {"configurable": {"thread_id": "1"}}
            for text in (CALL, f"Once more: {CALL}"):
                state = graph.invoke({"messages": [("user", text)]}, thread)
                contains(state["messages"][-1].content, "21 degrees in Riga")

    for method in ("function_calling", "json_schema"):

        @case(f"structured output by {method} {name}")
        def _():
            parsed = make().with_structured_output(Person, method=method).invoke("Ada")
            contains(parsed.name, "Ada")

    @case(f"picture {name}")
    def _():
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
        message = HumanMessage([{"type": "text", "text": "[[seen]]"}, picture])
        contains(make().invoke([message]).content, '"images":1')


@case("thinking given back by an agent over Messages")
def _():
    thinking = {"type": "enabled", "budget_tokens": 2000}
    graph = create_react_agent(by_anthropic(CLAUDE, max_tokens=4000, thinking=thinking), [weather])
    state = graph.invoke({"messages": [("user", f"[[reasoning:40]] {CALL}")]})
    assert state["messages"][1].content[0]["type"] == "thinking", state
    contains(state["messages"][-1].content, "21 degrees in Riga")


@case("a prompt that is too long has LangChain's own error")
def _():
    long = "word " * 2_000_000
    error = raises(openai.BadRequestError, lambda: by_openai(GPT).invoke(long), "maximum context")
    assert error.code == "context_length_exceeded", error
    if create_agent is not None:
        contains(type(error).__name__, "ContextOverflow")
        contains(type(raises(Exception, lambda: by_anthropic(CLAUDE).invoke(long))).__name__, "ContextOverflow")


end_script()
