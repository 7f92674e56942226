#!/usr/bin/env python3
"""Writes the log of this folder: a week of an invented product in which three things go wrong. Everything is invented.

    python3 samples/loops/generate.py

| feature | what it does | what goes wrong |
|---|---|---|
| repair  | an agent mends code in runs of some five calls, with a context that grows | run-0027 never comes to an end: 90 calls |
| extract | reads contracts, one call each, without run ids | on 12 November answers time out and are asked for again for three hours |
| brief   | sums up the day for each tenant | the prompt begins with the time: what is written to the cache is never read |
| support | answers questions in sessions | nothing: long conversations are nothing new to it |
"""

from datetime import datetime, timedelta, timezone
import json
from pathlib import Path

HERE = Path(__file__).parent
FIRST = datetime(2026, 11, 9, tzinfo=timezone.utc)
TENANTS = ["oxbow", "kestrel", "marrow", "juniper", "tarn"]


class Dice:
    """A generator of its own: the same numbers with every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def between(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)

    def of(self, values):
        return values[self.between(0, len(values) - 1)]


calls = []


def call(second, feature, model, tenant, tokens, status="ok", **more):
    provider = "openai" if model.startswith("gpt") else "anthropic"
    calls.append((second, {
        "id": f"call_{len(calls):03}", "provider": provider, "model": model, "feature": feature, "tenant": tenant,
        **more, **{f"{kind}_tokens": count for kind, count in tokens.items() if count}, "status": status,
    }))


def agent_run(dice, number, second, steps, tenant, growth):
    """One run of the repairing agent: each call reads what came before from the cache."""
    context = dice.between(9_000, 14_000)
    for step in range(steps):
        fresh = dice.between(*growth)
        tokens = {"uncached_input": fresh, "cache_read": context if step else 0, "cache_write_5m": 0 if step else context}
        call(second, "repair", "claude-sonnet-5-5", tenant, {**tokens, "output": dice.between(150, 700)},
             agent="mender", run_id=f"run-{number:04}")
        context += fresh
        second += dice.between(8, 40)


def repair(dice):
    for number in range(1, 31):
        second = dice.between(0, 6) * 86_400 + dice.between(8 * 3_600, 18 * 3_600)
        if number == 27:
            agent_run(dice, number, 3 * 86_400 + 19 * 3_600, 90, "kestrel", (1_100, 1_500))
        else:
            agent_run(dice, number, second, dice.between(2, 8), dice.of(TENANTS), (400, 2_400))


def extract(dice):
    for _ in range(84):
        second = dice.between(0, 6) * 86_400 + dice.between(7 * 3_600, 19 * 3_600)
        size, tenant = dice.between(40_000, 160_000), dice.of(TENANTS)
        in_storm = 3 * 86_400 + 13 * 3_600 <= second < 3 * 86_400 + 16 * 3_600
        if dice.between(1, 60) == 1 and not in_storm:
            call(second, "extract", "gpt-5.4", tenant, {"uncached_input": size}, status="timeout")
            second += dice.between(20, 60)
        call(second, "extract", "gpt-5.4", tenant, {"uncached_input": size, "output": dice.between(400, 1_200)})
    for _ in range(12):
        second = 3 * 86_400 + 13 * 3_600 + dice.between(0, 3 * 3_600)
        size, tenant = dice.between(40_000, 160_000), dice.of(TENANTS)
        for _ in range(dice.between(1, 4)):
            call(second, "extract", "gpt-5.4", tenant, {"uncached_input": size}, status="timeout")
            second += dice.between(20, 60)
        call(second, "extract", "gpt-5.4", tenant, {"uncached_input": size, "output": dice.between(400, 1_200)})


def brief(dice):
    for day in range(5):
        for at, tenant in enumerate(TENANTS):
            tokens = {"uncached_input": dice.between(300, 900), "cache_write_5m": dice.between(30_000, 45_000),
                      "output": dice.between(500, 900)}
            call(day * 86_400 + 5 * 3_600 + at * 20, "brief", "claude-haiku-4-5", tenant, tokens)


def support(dice):
    for number in range(12):
        second = dice.between(0, 6) * 86_400 + dice.between(8 * 3_600, 18 * 3_600)
        context = 2_048
        for turn in range(dice.of([1, 2, 2, 3, 4, 6, 9])):
            tokens = {"uncached_input": dice.between(200, 900), "cache_read": context if turn else 0,
                      "cache_write_5m": 0 if turn else context, "output": dice.between(100, 500)}
            call(second, "support", "claude-haiku-4-5", TENANTS[number % 5], tokens, session_id=f"sess-{number:03}")
            context += 600
            second += dice.between(20, 200)


if __name__ == "__main__":
    for seed, work in enumerate([repair, extract, brief, support]):
        work(Dice(31 + seed))
    calls.sort(key=lambda call: call[0])
    lines = []
    for second, fields in calls:
        ts = (FIRST + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(json.dumps({"ts": ts, **fields}, separators=(",", ":")) + "\n")
    (HERE / "app.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
