"""llm-comply: the official cases of Open Responses, and its own of chat completions and Messages."""

import json
import subprocess

from support.cases import *

BASES = {"open-responses": OPENAI, "openai-chat": OPENAI, "anthropic": ANTHROPIC}


def run(format, model):
    command = ["llm-comply", "--json", "--format", format, "--base-url", BASES[format]]
    ended = subprocess.run([*command, "--api-key", KEY, "--model", model], capture_output=True, text=True)
    return json.loads(ended.stdout)


for format in BASES:
    for model in MODELS:
        for result in run(format, model)["results"]:
            # Compaction of a response is refused by name here, which the suite takes with a warning.
            @case(f"{format} {result['name']} {model}")
            def _():
                assert result["status"] in ("passed", "skipped"), result


end_script()
