#!/usr/bin/env python3
"""Times attr against ccusage on a generated folder of Claude Code sessions, in pairs, and compares their totals.

usage: benches/ccusage.py [LINES [FILES]]     (default: 1000000 5000; needs npm)

CCUSAGE names a folder with ccusage installed in it (`npm install ccusage@20`); without it, that is done in a temporary
folder. VERSION asks for another version than 20. ATTR names another binary than target/release/attr.
Method: see benches/README.md. Nothing here asserts a time; the totals of each day must agree.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import PAIRS, TOP, generator, run

ATTR = Path(os.environ.get("ATTR", TOP / "target/release/attr"))


def installed(folder):
    """Returns the native program of ccusage: its npm wrapper starts Node first, which would count against it."""
    if not (folder / "node_modules/ccusage").exists():
        version = os.environ.get("VERSION", "20")
        subprocess.run(["npm", "install", "--silent", "--prefix", folder, f"ccusage@{version}"], check=True)
    native = [path for path in folder.glob("node_modules/@ccusage/*/bin/*") if os.access(path, os.X_OK)]
    wrapper = folder / "node_modules/.bin/ccusage"
    if not native:
        print("no native program of ccusage for this machine: its wrapper is timed")
    return wrapper, (native or [wrapper])[0]


def ccusage_days(argv, env):
    """Returns tokens by day and class as ccusage tells them."""
    told = json.loads(subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout)
    classes = ("inputTokens", "cacheReadTokens", "cacheCreationTokens", "outputTokens")
    return {day.get("date") or day["period"]: tuple(day[name] for name in classes) for day in told["daily"]}


def attr_days(argv, env):
    """Returns tokens by day and class as attr tells them."""
    told = json.loads(subprocess.run(argv, env=env, check=True, capture_output=True, text=True).stdout)
    days = {}
    for row in told["rows"]:
        tokens = row["tokens"]
        written = sum(count for name, count in tokens.items() if name.startswith("cache_write"))
        days[row["key"]["day"]] = (tokens.get("input", 0), tokens.get("cache_read", 0), written, tokens.get("output", 0))
    return days


def main():
    lines, files = (sys.argv[1:] + ["1000000", "5000"][len(sys.argv) - 1:])[:2]
    if "ATTR" not in os.environ:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=TOP, check=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        logs = folder / "claude"
        subprocess.run([generator(), "claude", logs, lines, files], check=True)
        found = [path for path in logs.rglob("*.jsonl")]
        size = sum(path.stat().st_size for path in found)
        print(f"{os.cpu_count()} processors, medians of {PAIRS} pairs, a warm-up each, files in the page cache")
        print(f"{int(lines):,} lines in {len(found):,} files, {size / 1e6:,.0f} MB")
        wrapper, native = installed(Path(os.environ.get("CCUSAGE", folder / "npm")))
        measure(folder, logs, wrapper, native)


def measure(folder, logs, wrapper, native):
    db = folder / "attr.db"
    ours = {"PATH": os.environ["PATH"], "HOME": str(folder), "ATTR_DB": str(db), "TZ": "UTC"}
    theirs = dict(os.environ, CLAUDE_CONFIG_DIR=str(logs), HOME=str(folder), TZ="UTC", LOG_LEVEL="0")
    daily = ["claude", "daily", "--json", "--offline", "--timezone", "UTC"]
    slice_ = [ATTR, "slice", "--by", "day", "--format", "json"]
    figures = []
    for turn in range(PAIRS + 1):
        for path in folder.glob("attr.db*"):
            path.unlink()
        pair = run([ATTR, "import", logs], ours), run([native, *daily], theirs), run(slice_, ours)
        if turn > 0:
            figures.append(pair)
    median = lambda who, at: statistics.median(pair[who][at] for pair in figures)
    for name, who in (("import", 0), ("slice --by day", 2)):
        print(f"{name} against `ccusage claude daily`")
        for label, at in (("CPU", 0), ("wall", 1)):
            ratios = [pair[who][at] / pair[1][at] for pair in figures]
            print(f"  {label:4} ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                  f"   attr {median(who, at):.3f} s, ccusage {median(1, at):.3f} s")
        print(f"  peak memory   attr {median(who, 2):.0f} MiB, ccusage {median(1, 2):.0f} MiB")
    again = run([ATTR, "import", logs], ours)
    print(f"import of the same folder again: {again[0]:.2f} s CPU, {again[1]:.2f} s wall, {again[2]:.0f} MiB")
    wrapped = run([wrapper, *daily], theirs)
    print(f"ccusage through npm's wrapper: {wrapped[0]:.2f} s CPU, {wrapped[1]:.2f} s wall")
    compare(attr_days(slice_, ours), ccusage_days([native, *daily], theirs))


def compare(ours, theirs):
    wrong = [day for day in sorted(ours.keys() | theirs.keys()) if ours.get(day) != theirs.get(day)]
    total = lambda days: f"{sum(map(sum, days.values())):,}"
    print(f"tokens: attr {total(ours)}, ccusage {total(theirs)}; {len(ours)} days, {len(wrong)} differ")
    for day in wrong[:5]:
        print(f"  {day}: (input, cache read, cache written, output) attr {ours.get(day)}, ccusage {theirs.get(day)}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
