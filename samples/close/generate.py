#!/usr/bin/env python3
"""Writes the month that `attr reconcile` is shown on: October 2026 of an invented product.

    python3 samples/close/generate.py

writes `logs/`, `bills/` and `agreed.toml` beside this file, the same bytes each time, and prints what was planted.
Nothing but the standard library is needed. Amounts are fractions, so that nothing is rounded but what a bill rounds.

Five services call three providers, and a sixth key is used by hand:

| service | log             | provider  | key         | what is wrong                                                 |
|---------|-----------------|-----------|-------------|---------------------------------------------------------------|
| chat    | assistant.jsonl | anthropic | app-prod    | agreed.toml has a price of cache reads that fell on 7 October |
| digest  | digest.csv      | anthropic | digest-jobs | the calls go through batches, and the log does not say so     |
| by hand | none            | anthropic | notebook    | nobody logs them                                              |
| search  | search.jsonl    | openai    | key_search  | cached tokens are not logged apart from the prompt            |
| mail    | mail.jsonl      | openai    | key_mail    | nothing                                                       |
| triage  | triage.jsonl    | google    | key-triage  | nothing; the bill is a reseller's and has VAT                 |
"""

from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
import json
from pathlib import Path

HERE = Path(__file__).parent
FIRST = date(2026, 10, 1)
DAYS = 31
# From this day on cache reads of the chat's model cost half as much.
FELL = date(2026, 10, 7)
VAT = Fraction(19, 100)

# Dollars a million tokens, as the providers list them for that month.
PRICES = {
    "claude-sonnet-5-5": {"input": "2", "cache_read": "0.2", "cache_write_5m": "2.5", "output": "10"},
    "claude-haiku-4-5": {"input": "1", "output": "5"},
    "claude-opus-5-5": {"input": "4", "cache_read": "0.2", "cache_write_5m": "5", "output": "20"},
    "gpt-5.4-mini": {"input": "0.75", "cache_read": "0.075", "output": "4.5"},
    "gpt-5.4": {"input": "2.5", "cache_read": "0.25", "output": "15"},
    "gemini-3.5-flash": {"input": "1.5", "output": "9"},
}
SHOWN = {
    "claude-sonnet-5-5": "Claude Sonnet 5.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
    "claude-opus-5-5": "Claude Opus 5.5",
}
VERSION = {"claude-haiku-4-5": "claude-haiku-4-5-20251001"}
TENANTS = ["oxbow", "oxbow", "oxbow", "kestrel", "kestrel", "marrow", "marrow", "juniper", "tarn", "pellucid"]


class Dice:
    """A generator of its own: the same numbers with every version of Python."""

    def __init__(self, seed):
        self.state = seed

    def between(self, low, high):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return low + (self.state >> 33) % (high - low + 1)

    def of(self, values):
        return values[self.between(0, len(values) - 1)]


def price(model, kind, day, batch=False):
    """Dollars a token."""
    usd = Fraction(PRICES[model][kind])
    if model == "claude-sonnet-5-5" and kind == "cache_read" and day >= FELL:
        usd /= 2
    return usd / (2_000_000 if batch else 1_000_000)


def calls_of(service, seed, per_day, weekend, hours, tokens):
    """Makes the calls of a service: (time, id, tenant, tokens by class)."""
    dice = Dice(seed)
    made = []
    for at in range(DAYS):
        day = FIRST + timedelta(days=at)
        count = dice.between(*(weekend if day.weekday() >= 5 else per_day))
        seconds = sorted(dice.between(hours[0] * 3_600_000, hours[1] * 3_600_000 - 1) for _ in range(count))
        for ms in seconds:
            start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
            name = f"{service}_{dice.between(0, 2**31 - 1):08x}"
            made.append((start, name, dice.of(TENANTS), tokens(dice)))
    return made


def chat(dice):
    cached = 1024 * dice.between(40, 150)
    fresh = dice.between(0, 9) == 0
    return {
        "input": dice.between(1_800, 18_000),
        "cache_read": 0 if fresh else cached,
        "cache_write_5m": cached if fresh else 0,
        "output": dice.between(600, 4_800),
    }


def digest(dice):
    return {"input": dice.between(60_000, 180_000), "output": dice.between(2_400, 9_600)}


def by_hand(dice):
    cached = 1024 * dice.between(20, 120)
    return {
        "input": dice.between(20_000, 150_000),
        "cache_read": cached,
        "cache_write_5m": dice.between(2_000, 12_000),
        "output": dice.between(4_000, 18_000),
    }


def search(dice):
    return {
        "input": dice.between(6_000, 36_000),
        "cache_read": 128 * dice.between(240, 900),
        "output": dice.between(200, 1_200),
    }


def mail(dice):
    return {
        "input": dice.between(3_000, 24_000),
        "cache_read": 128 * dice.between(0, 160),
        "output": dice.between(400, 3_000),
    }


def triage(dice):
    return {"input": dice.between(12_000, 80_000), "output": dice.between(200, 1_500)}


CALLS = {
    "chat": calls_of("chat", 11, (10, 14), (3, 5), (7, 20), chat),
    "digest": calls_of("digest", 12, (4, 6), (4, 6), (2, 3), digest),
    "notebook": [
        call for call in calls_of("hand", 13, (0, 8), (0, 0), (9, 18), by_hand) if call[0].day in (8, 9, 13, 20, 27)
    ],
    "search": calls_of("srch", 14, (7, 10), (2, 4), (7, 20), search),
    "mail": calls_of("mail", 15, (4, 6), (1, 2), (7, 20), mail),
    "triage": calls_of("tri", 16, (4, 6), (2, 3), (6, 22), triage),
}
MODELS = {
    "chat": "claude-sonnet-5-5",
    "digest": "claude-haiku-4-5",
    "notebook": "claude-opus-5-5",
    "search": "gpt-5.4-mini",
    "mail": "gpt-5.4",
    "triage": "gemini-3.5-flash",
}


def written(path, lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")


def time(start):
    return start.strftime("%Y-%m-%dT%H:%M:%S.") + f"{start.microsecond // 1000:03}Z"


def compact(fields):
    return json.dumps(fields, separators=(",", ":"))


def write_logs():
    lines = []
    for start, name, tenant, tokens in CALLS["chat"]:
        fields = {
            "ts": time(start), "id": name, "provider": "anthropic", "model": MODELS["chat"], "api_key": "app-prod",
            "feature": "chat", "team": "assistant", "tenant": tenant, "uncached_input_tokens": tokens["input"],
            "cache_read_tokens": tokens["cache_read"], "cache_write_5m_tokens": tokens["cache_write_5m"],
            "output_tokens": tokens["output"],
        }
        lines.append(compact(fields))
    written(HERE / "logs/assistant.jsonl", lines)
    # A table of jobs: nothing in it says that they go through batches.
    lines = ["started_at,id,provider,model,api_key,feature,team,tenant,input_tokens,output_tokens"]
    for start, name, tenant, tokens in CALLS["digest"]:
        counts = f"{tokens['input']},{tokens['output']}"
        lines.append(f"{time(start)},{name},anthropic,{MODELS['digest']},digest-jobs,digest,reports,{tenant},{counts}")
    written(HERE / "logs/digest.csv", lines)
    # The prompt as OpenAI counts it, cached tokens included; how many of it were cached was never written down.
    lines = []
    for start, name, tenant, tokens in CALLS["search"]:
        fields = {
            "ts": time(start), "id": name, "provider": "openai", "model": MODELS["search"], "api_key": "key_search",
            "feature": "search", "team": "discovery", "tenant": tenant,
            "prompt_tokens": tokens["input"] + tokens["cache_read"], "completion_tokens": tokens["output"],
        }
        lines.append(compact(fields))
    written(HERE / "logs/search.jsonl", lines)
    lines = []
    for start, name, tenant, tokens in CALLS["mail"]:
        fields = {
            "ts": time(start), "id": name, "provider": "openai", "model": MODELS["mail"], "api_key": "key_mail",
            "feature": "mail", "team": "reports", "tenant": tenant, "uncached_input_tokens": tokens["input"],
            "cache_read_tokens": tokens["cache_read"], "output_tokens": tokens["output"],
        }
        lines.append(compact(fields))
    written(HERE / "logs/mail.jsonl", lines)
    lines = []
    for start, name, tenant, tokens in CALLS["triage"]:
        fields = {
            "ts": time(start), "id": name, "provider": "google", "model": MODELS["triage"], "api_key": "key-triage",
            "feature": "triage", "team": "discovery", "tenant": tenant, "uncached_input_tokens": tokens["input"],
            "output_tokens": tokens["output"],
        }
        lines.append(compact(fields))
    written(HERE / "logs/triage.jsonl", lines)


def by_day(service):
    """Sums the tokens of a service by day and class."""
    sums = defaultdict(lambda: defaultdict(int))
    for start, _, _, tokens in CALLS[service]:
        for kind, count in tokens.items():
            sums[start.date()][kind] += count
    return sorted(sums.items())


def cents(usd):
    """Rounds to whole cents, halves to the even one."""
    return round(usd * 100)


def plain(usd, places):
    """Writes a fraction that has no more digits than this."""
    scaled = usd * 10**places
    assert scaled.denominator == 1, usd
    whole, rest = divmod(int(scaled), 10**places)
    return f"{whole}.{rest:0{places}}"


KEYS = {"chat": "app-prod", "digest": "digest-jobs", "notebook": "notebook"}


def write_anthropic():
    """The Console's cost export, rounded to cents a row, and its tokens export."""
    token = {
        "input": "input_no_cache", "cache_read": "input_cache_read", "cache_write_5m": "input_cache_write_5m",
        "output": "output",
    }
    costs = ["usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,"
             "cost_type,inference_geo,speed"]
    counts = ["usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
              "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
              "usage_output_tokens,web_search_count,inference_geo,speed"]
    unlogged = 0
    for service, key in KEYS.items():
        model = MODELS[service]
        batch = service == "digest"
        geo = "not_available" if model == "claude-haiku-4-5" else "global"
        for day, sums in by_day(service):
            for kind, count in sums.items():
                if count == 0:
                    continue
                usd = cents(count * price(model, kind, day, batch))
                unlogged += usd if service == "notebook" else 0
                paid = f"{usd // 100}.{usd % 100:02}"
                shown = f"{day},{SHOWN[model]},Default,{key},message,≤ 200k,{token[kind]}"
                costs.append(f"{shown},{paid},{paid},token,{geo},")
            counts.append(
                f"{day},{VERSION.get(model, model)},{key},Default,{'batch' if batch else 'standard'},≤ 200k,"
                f"{sums['input']},{sums['cache_write_5m']},0,{sums['cache_read']},{sums['output']},0,{geo},"
            )
    written(HERE / "bills/claude_api_cost_2026_10_01_to_2026_10_31.csv", costs)
    written(HERE / "bills/claude_api_tokens_2026_10_01_to_2026_10_31.csv", counts)
    return Fraction(unlogged, 100)


def write_openai():
    """The dashboard's cost export, exact, with quantities."""
    lines = ["start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,"
             "line_item,user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email"]
    words = {"input": "input", "cache_read": "cached input", "output": "output"}
    for service in ("search", "mail"):
        model = MODELS[service]
        for day, sums in by_day(service):
            start = int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())
            span = f"{start},{start + 86400},{day}T00:00:00,{day + timedelta(days=1)}T00:00:00"
            for kind, count in sums.items():
                if count == 0:
                    continue
                usd = plain(count * price(model, kind, day), 12)
                item = f'"{model}, {words[kind]}"'
                owner = f"key_{service},proj_app,org-lamplight,App,Lamplight"
                lines.append(f"{span},{usd},usd,{count},tokens,{item},,{owner},")
    written(HERE / "bills/cost_2026-10-01_2026-11-01.csv", lines)


def write_reseller():
    """A reseller's invoice in FOCUS columns: the use of a model by day, and VAT in a line of its own."""
    lines = ["BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,"
             "ChargePeriodEnd,ChargeCategory,ChargeDescription,ProviderName,PublisherName,InvoiceIssuerName,"
             "ServiceCategory,ServiceName,SkuId,SkuMeter,ConsumedQuantity,ConsumedUnit,InvoiceId"]
    month = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z"
    sellers = "Google,Google,Northgate Cloud,AI and Machine Learning,Gemini API"
    words = {"input": "Input Tokens", "output": "Output Tokens"}
    model = MODELS["triage"]
    net = Fraction(0)
    for day, sums in by_day("triage"):
        span = f"{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z"
        for kind, count in sums.items():
            usd = count * price(model, kind, day)
            net += usd
            usd = plain(usd, 8)
            meter = f"{model},{words[kind]},{count},Tokens"
            lines.append(f"{usd},{usd},USD,{month},{span},Usage,,{sellers},{meter},NG-2026-10")
    tax = Fraction(cents(net * VAT), 100)
    paid = plain(tax, 2)
    lines.append(f"{paid},{paid},USD,{month},{month},Tax,VAT 19 %,{sellers},,,,,NG-2026-10")
    written(HERE / "bills/northgate_2026_10.csv", lines)
    return tax


def write_agreed():
    """Prices that somebody wrote down in September, and that nobody has looked at since."""
    rates = ", ".join(f'{kind} = "{usd}"' for kind, usd in PRICES["claude-sonnet-5-5"].items())
    written(HERE / "agreed.toml", [
        "# What we pay, as of September: put on top of the price table with --overrides.",
        "[[override]]",
        'seller = "anthropic"',
        'models = ["claude-sonnet-5-5"]',
        f"usd_per_mtok = {{ {rates} }}",
        "from = 2026-09-28",
        'note = "from the price list of 28 September"',
    ])


def planted(unlogged, tax):
    """Prints what `attr reconcile` has to find, in dollars of invoiced less logged."""

    def off(service, kinds, gap):
        """Sums what the tokens of some classes cost more or less on the bill than by the log."""
        return sum(sums[kind] * gap(kind, day) for day, sums in by_day(service) for kind in kinds)

    chat, digest, mini = MODELS["chat"], MODELS["digest"], MODELS["search"]
    old = price(chat, "cache_read", FIRST)
    stale = off("chat", ["cache_read"], lambda kind, day: price(chat, kind, day) - old)
    both = ["input", "output"]
    batch = off("digest", both, lambda kind, day: price(digest, kind, day, True) - price(digest, kind, day))
    cached = off("search", ["cache_read"], lambda kind, day: price(mini, kind, day) - price(mini, "input", day))
    for cause, usd in [
        ("unlogged_key", unlogged), ("tax", tax), ("cache_priced_as_input", cached),
        ("batch_discount_missed", batch), ("stale_price", stale),
    ]:
        print(f"{cause:24}{'-' if usd < 0 else ''}{plain(abs(usd), 12)}")
    print(f"{sum(len(calls) for name, calls in CALLS.items() if name != 'notebook')} logged calls")


if __name__ == "__main__":
    write_logs()
    unlogged = write_anthropic()
    write_openai()
    tax = write_reseller()
    write_agreed()
    planted(unlogged, tax)
