"""What the scripts of Python clients share: how a case is tried and its line is written."""

import asyncio
import inspect
import os
import sys
import warnings

warnings.filterwarnings("ignore")

URL, KEY = os.environ["GW_URL"], os.environ["GW_KEY"]
# The base URL that OpenAI's clients are given, and the one that Anthropic's are.
OPENAI, ANTHROPIC = f"{URL}/v1", URL
# A model of each provider, by the name that a client would write.
GPT, CLAUDE, GEMINI = "gpt-5-mini", "claude-haiku-4-5", "gemini-2.5-flash"
MODELS = [GPT, CLAUDE, GEMINI]

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
# What makes the simulator call a tool, and show afterwards what reached it.
CALL = '[[call:weather {"city":"Riga"}]] [[seen]]'
CALLS = f'{CALL} [[call:weather {{"city":"Oslo"}}]]'
# Longer than the vendors' clients, and what stands between, wait for a sign of life.
SILENCE = "[[latency:20000]]"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR4nGM4ISdHEmIY1TCqYfhqAADkYgQQ60fIxgAA"
    "AABJRU5ErkJggg=="
)

_REASON_LENGTH_MAX = 300
_failures = 0
# One for all: asynchronous clients keep connections between cases.
_loop = asyncio.new_event_loop()
asyncio.set_event_loop(_loop)


def case(name):
    """Tries the function at once and writes its line: `ok NAME`, or `not ok NAME: why`."""

    def run(work):
        global _failures
        try:
            _loop.run_until_complete(work()) if inspect.iscoroutinefunction(work) else work()
            print(f"ok {name}", flush=True)
        except Exception as error:
            _failures += 1
            why = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"not ok {name}: {why[:_REASON_LENGTH_MAX]}", flush=True)

    return run


def end_script():
    """Ends the script with what its cases came to, whatever a client left open."""
    sys.stdout.flush()
    os._exit(0 if _failures == 0 else 1)


def contains(text, part):
    """Fails a case with both texts."""
    assert part in str(text), f"{part!r} is not in {text!r}"


def raises(kind, work, part=""):
    """Fails a case in which work does not raise an error of a class that has the part in its words."""
    try:
        result = work()
    except kind as error:
        contains(error, part)
        return error
    raise AssertionError(f"no {kind.__name__}, but {result!r}")
