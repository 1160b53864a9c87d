"""Instructor's modes over chat completions, Responses and Messages, to a model of each provider."""

import anthropic
import instructor
import openai
import pydantic
from instructor import Mode
from support.cases import *

openai_client = openai.OpenAI(api_key=KEY, base_url=OPENAI, max_retries=0)
anthropic_client = anthropic.Anthropic(api_key=KEY, base_url=ANTHROPIC, max_retries=0)
MESSAGES = [{"role": "user", "content": "Ada"}]
# No property of a list's schema is required, so that the simulator would leave the list out.
LIST = '[[call:IterablePerson {"tasks":[{"name":"Ada","age":36},{"name":"Alan","age":41}]}]]'
LISTED = [{"role": "user", "content": LIST}]


class Person(pydantic.BaseModel):
    name: str
    age: int


class Young(Person):
    @pydantic.field_validator("age")
    @classmethod
    def is_grown(cls, age):
        if age < 18:
            raise ValueError("too young")
        return age


for model in MODELS:
    # JSON modes put the schema into the prompt; the simulator reads schemas where an API has a field for them.
    for mode in (Mode.TOOLS, Mode.TOOLS_STRICT, Mode.JSON_SCHEMA):
        chat = instructor.from_openai(openai_client, mode=mode).chat.completions
        ask = {"model": model, "messages": MESSAGES, "max_retries": 0}

        @case(f"{mode.name} {model}")
        def _():
            contains(chat.create(**ask, response_model=Person).name, "Ada")

        @case(f"{mode.name} partly as it comes {model}")
        def _():
            contains(list(chat.create_partial(**ask, response_model=Person))[-1].name, "Ada")

        if mode != Mode.JSON_SCHEMA:

            @case(f"{mode.name} a list as it comes {model}")
            def _():
                people = chat.create_iterable(**{**ask, "messages": LISTED}, response_model=Person)
                assert [person.name for person in people] == ["Ada", "Alan"]

        @case(f"{mode.name} asked again after an error of validation {model}")
        def _():
            again = {**ask, "max_retries": 2, "response_model": Young}
            raises(Exception, lambda: chat.create(**again), "too young")

    @case(f"ANTHROPIC_TOOLS {model}")
    def _():
        messages = instructor.from_anthropic(anthropic_client, mode=Mode.ANTHROPIC_TOOLS).messages
        ask = {"model": model, "max_tokens": 1000, "messages": MESSAGES, "response_model": Person}
        contains(messages.create(**ask).name, "Ada")
        contains(list(messages.create_partial(**ask))[-1].name, "Ada")

    # Gemini 2.5 takes tools or JSON, not both, and is refused by name.
    if model != GEMINI:

        @case(f"RESPONSES_TOOLS {model}")
        def _():
            responses = instructor.from_openai(openai_client, mode=Mode.RESPONSES_TOOLS).responses
            contains(responses.create(model=model, input="Ada", response_model=Person).name, "Ada")


end_script()
