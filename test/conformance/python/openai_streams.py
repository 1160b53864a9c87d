"""Reads streams with the installed OpenAI SDK to their end; the last line says what came, as JSON.

GW_URL and GW_KEY name the gateway. Any major of the SDK from 1 on.
"""
import json
import os

import openai

# Longer silent than the gateway waits before its first heartbeat.
prompt = "[[latency:20000]] tell me of rivers"
client = openai.OpenAI(api_key=os.environ["GW_KEY"], base_url=f"{os.environ['GW_URL']}/v1", max_retries=0)
report = {"version": openai.__version__}

text, usage = "", None
for chunk in client.chat.completions.create(
    model="openai/gpt-5-mini",
    messages=[{"role": "user", "content": prompt}],
    max_tokens=60,
    stream=True,
    stream_options={"include_usage": True},
):
    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    usage = chunk.usage or usage
report["chat"] = {"text": text, "completion_tokens": usage and usage.completion_tokens}

types, text = [], ""
for event in client.responses.create(model="anthropic/claude-haiku-4-5", input=prompt, max_output_tokens=60, stream=True):
    types.append(event.type)
    text += event.delta if event.type == "response.output_text.delta" else ""
report["responses"] = {"first": types[0], "last": types[-1], "text": text}
print(json.dumps(report))
