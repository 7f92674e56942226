#!/usr/bin/env python3
"""Writes the five weeks that `attr spikes` and `attr why` are shown on: a small product with two incidents.

    python3 samples/spike/generate.py

writes `calls.csv` beside this file, the same bytes each time, and prints what was planted. Nothing but the standard
library is needed. The log runs from Monday, 19 October 2026, to Sunday, 22 November 2026.

| when                                | what                                                                      |
|-------------------------------------|---------------------------------------------------------------------------|
| 29 October, 10:00 to 18:00          | retries: digests time out and are sent again, and every attempt is billed |
| from 18 November, 09:00             | prompt bloat: answers-v8 carries its whole history, four times the prompt |

Harmless, and there to be told apart: a release of the same size (answers-v7 on 2 November), triage that moves to
another model at nearly the same cost (9 November), a nightly job, quiet weekends, and a customer that grows.
"""

from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).parent
FIRST = datetime(2026, 10, 19, tzinfo=timezone.utc)
DAYS = 35
RELEASE = datetime(2026, 11, 2, 8, tzinfo=timezone.utc)
MIGRATION = datetime(2026, 11, 9, 8, tzinfo=timezone.utc)
BLOAT = datetime(2026, 11, 18, 9, tzinfo=timezone.utc)
STORM = (datetime(2026, 10, 29, 10, tzinfo=timezone.utc), datetime(2026, 10, 29, 18, tzinfo=timezone.utc))

TENANTS = ["oxbow"] * 6 + ["kestrel"] * 4 + ["marrow"] * 3 + ["juniper", "juniper", "tarn", "pellucid", "sorrel"]
# Dollars a million tokens, as listed for those weeks: what is planted is priced by them.
PRICES = {
    "claude-sonnet-5-5": {"input": 2, "cache_read": 0.1, "output": 10},
    "claude-haiku-4-5": {"input": 1, "cache_read": 0.1, "output": 5},
    "gpt-5.4-mini": {"input": 0.75, "cache_read": 0.075, "output": 4.5},
}
COLUMNS = (
    "ts,id,provider,model,status,feature,tenant,environment,team,user,agent,run,prompt_version,"
    "uncached_input_tokens,cache_read_tokens,output_tokens"
)
# Feature: seed, units of work on a weekday and at a weekend, hours, team, calls a unit.
FEATURES = {
    "answers": (21, (7, 10), (2, 3), (7, 20), "support", (1, 3)),
    "digest": (22, (5, 7), (2, 3), (8, 19), "content", (1, 1)),
    "triage": (23, (7, 10), (2, 4), (6, 22), "support", (1, 1)),
    "research": (24, (2, 3), (0, 1), (8, 18), "product", (3, 6)),
    "nightly-index": (25, (3, 3), (3, 3), (2, 3), "platform", (1, 1)),
}


class Dice:
    """A generator of its own: the same numbers with every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def between(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)

    def of(self, values):
        return values[self.between(0, len(values) - 1)]


def answers(dice, ts, _place):
    version = "answers-v6" if ts < RELEASE else "answers-v7"
    return "claude-sonnet-5-5", version, dice.between(18_000, 40_000), 1024 * dice.between(24, 80), dice.between(900, 2_700)


def digest(dice, _ts, _place):
    return "claude-haiku-4-5", "digest-v3", dice.between(70_000, 170_000), 0, dice.between(2_700, 7_200)


def triage(dice, ts, _place):
    model = "claude-haiku-4-5" if ts < MIGRATION else "gpt-5.4-mini"
    return model, "triage-v2", dice.between(6_000, 18_000), 0, dice.between(200, 700)


def research(dice, _ts, place):
    return "claude-sonnet-5-5", "research-v4", dice.between(12_000, 30_000), 18_000 * place, dice.between(1_500, 4_500)


def nightly_index(dice, _ts, _place):
    return "gpt-5.4-mini", "index-v1", dice.between(120_000, 220_000), 0, dice.between(4_000, 9_000)


CALL_OF = {
    "answers": answers,
    "digest": digest,
    "triage": triage,
    "research": research,
    "nightly-index": nightly_index,
}


def calls_of(feature):
    """Makes the calls of a feature, without the incidents."""
    seed, weekday, weekend, hours, team, calls = FEATURES[feature]
    dice = Dice(seed)
    made = []
    for at in range(DAYS):
        day = FIRST + timedelta(days=at)
        for unit in range(dice.between(*(weekend if day.weekday() >= 5 else weekday))):
            start = day + timedelta(seconds=dice.between(hours[0] * 3600, hours[1] * 3600 - 1))
            tenant = "oxbow" if feature == "nightly-index" else dice.of(TENANTS)
            # This customer came in the third week and grows.
            tenant = "lathe" if tenant == "sorrel" and dice.between(0, 34) < at else tenant
            user = f"{tenant}-u{dice.between(1, 4)}"
            environment = "staging" if dice.between(0, 19) == 0 else "production"
            for place in range(dice.between(*calls)):
                ts = start + timedelta(seconds=20 * place + dice.between(0, 15))
                model, version, fresh, cached, output = CALL_OF[feature](dice, ts, place)
                made.append(
                    {
                        "ts": ts,
                        "id": f"{feature}-{at:02d}-{unit:02d}-{place}",
                        "provider": "openai" if model.startswith("gpt") else "anthropic",
                        "model": model,
                        "status": "error" if dice.between(0, 59) == 0 else "ok",
                        "feature": feature,
                        "tenant": tenant,
                        "environment": environment,
                        "team": team,
                        "user": user,
                        "agent": "researcher" if feature == "research" else "",
                        "run": f"{feature}-{at:02d}-{unit:02d}",
                        "prompt_version": version,
                        "fresh": fresh,
                        "cached": cached,
                        "output": output,
                    }
                )
    return made


def cost(call):
    price = PRICES[call["model"]]
    tokens = call["fresh"] * price["input"] + call["cached"] * price["cache_read"] + call["output"] * price["output"]
    return tokens / 1e6


def retried(calls, dice):
    """Digests of the storm time out six to nine times before they come through."""
    extra = []
    for call in calls:
        if call["feature"] == "digest" and STORM[0] <= call["ts"] < STORM[1]:
            for attempt in range(dice.between(6, 9)):
                again = dict(call, status="timeout", id=f"{call['id']}-t{attempt}")
                again["ts"] = call["ts"] - timedelta(seconds=40 * (attempt + 1))
                extra.append(again)
    return extra


def bloated(calls):
    """From the release on, answers carry four times the prompt."""
    before = 0
    for call in calls:
        if call["feature"] == "answers" and call["ts"] >= BLOAT:
            before += cost(call)
            call["prompt_version"] = "answers-v8"
            call["fresh"] *= 4
    after = sum(cost(call) for call in calls if call["prompt_version"] == "answers-v8")
    return after - before


def main():
    calls = [call for feature in FEATURES for call in calls_of(feature)]
    bloat = bloated(calls)
    storm = retried(calls, Dice(31))
    calls = sorted(calls + storm, key=lambda call: (call["ts"], call["id"]))
    with open(HERE / "calls.csv", "w", newline="\n") as out:
        out.write(COLUMNS + "\n")
        for call in calls:
            call = dict(call, ts=call["ts"].strftime("%Y-%m-%dT%H:%M:%SZ"))
            out.write(",".join(str(value) for value in call.values()) + "\n")
    total = sum(map(cost, calls))
    print(f"{len(calls)} calls, ${total:.2f}, ${total / DAYS:.2f} a day")
    print(f"retries of digests on 29 October: {len(storm)} calls, ${sum(map(cost, storm)):.2f}")
    print(f"answers-v8 from 18 November: ${bloat:.2f}")


if __name__ == "__main__":
    main()
