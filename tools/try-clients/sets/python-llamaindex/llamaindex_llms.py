"""LlamaIndex' models and agents over chat completions, Responses and Messages."""

import pydantic
from llama_index.core import set_global_tokenizer
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.memory import Memory
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llama_index.llms.openai_like import OpenAILike
from support.cases import *

# Its own one is fetched from elsewhere.
set_global_tokenizer(str.split)


class Person(pydantic.BaseModel):
    """A person."""

    name: str
    age: int


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"21 degrees in {city}"


tool = FunctionTool.from_defaults(weather)
by_openai = {"api_key": KEY, "api_base": OPENAI, "max_retries": 0}
known = {"is_chat_model": True, "is_function_calling_model": True, "context_window": 100_000}
llms = {
    f"OpenAI {GPT}": OpenAI(model=GPT, **by_openai),
    f"OpenAIResponses {GPT}": OpenAIResponses(model=GPT, **by_openai),
    f"Anthropic {CLAUDE}": Anthropic(model=CLAUDE, api_key=KEY, base_url=ANTHROPIC, max_retries=0),
    **{f"OpenAILike {model}": OpenAILike(model=model, **by_openai, **known) for model in MODELS},
}


def of_user(*blocks):
    return [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", blocks=list(blocks))]


for name, llm in llms.items():

    @case(f"chat {name}")
    def _():
        contains(llm.chat(of_user(TextBlock(text="amber"))).message.content, "amber")

    @case(f"chat streamed {name}")
    async def _():
        chunks = [chunk async for chunk in await llm.astream_chat(of_user(TextBlock(text="amber")))]
        contains(chunks[-1].message.content, "amber")

    @case(f"structured output {name}")
    def _():
        contains(llm.as_structured_llm(Person).complete("Ada").raw.name, "Ada")

    @case(f"an agent over two turns, streamed {name}")
    async def _():
        agent = FunctionAgent(tools=[tool], llm=llm, system_prompt="Be brief.")
        memory = Memory.from_defaults()
        contains(await agent.run(CALLS, memory=memory), "21 degrees in Oslo")
        contains(await agent.run("[[seen]]", memory=memory), "21 degrees in Riga")

    @case(f"picture {name}")
    def _():
        picture = ImageBlock(image=PNG.encode(), image_mimetype="image/png")
        contains(llm.chat(of_user(TextBlock(text="[[seen]]"), picture)).message.content, '"images":1')


@case("thinking given back by an agent")
async def _():
    thinking = {"thinking_dict": {"type": "enabled", "budget_tokens": 1024}, "temperature": 1}
    llm = Anthropic(model=CLAUDE, api_key=KEY, base_url=ANTHROPIC, max_tokens=4000, **thinking)
    agent = FunctionAgent(tools=[tool], llm=llm, system_prompt="Be brief.")
    contains(await agent.run(f"[[reasoning:40]] {CALL}"), "21 degrees in Riga")


end_script()
