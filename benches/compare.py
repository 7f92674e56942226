#!/usr/bin/env python3
"""Times attr against DuckDB doing the same work on the same file, in pairs, and prints ratios.

usage: benches/compare.py [ROWS …]      (default: 1000000; needs `pip install duckdb`)

Method: see benches/README.md. Nothing here asserts a time; the ratios are for people to read.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
ATTR = TOP / "target/release/attr"
PAIRS = int(os.environ.get("PAIRS", "5"))

LOAD = """
import duckdb, sys
con = duckdb.connect(sys.argv[2])
con.execute(f"CREATE TABLE calls AS SELECT * FROM read_json_auto('{sys.argv[1]}', format='newline_delimited')")
con.close()
"""

# The same answer as `attr slice --by feature,tenant`: calls, errors, tokens and cost of each group, sorted, written
# out. The cost is summed from a ready column of exact integers, as attr's store has one.
SLICE = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
where = f"WHERE ts >= TIMESTAMP '{sys.argv[2]}'" if len(sys.argv) > 2 else ""
rows = con.execute(f'''
    SELECT feature, tenant, count(*) AS calls, count(*) FILTER (WHERE status <> 'ok') AS errors,
           sum(input_tokens) AS input, sum(cache_read_tokens) AS cache_read, sum(output_tokens) AS output,
           sum(reasoning_tokens) AS reasoning, sum(cost_pico) AS cost
    FROM priced {where} GROUP BY ALL ORDER BY cost DESC, feature, tenant''').fetchall()
out = open(sys.argv[-1] if len(sys.argv) > 3 else "/dev/null", "w")
for row in rows:
    print(*row, sep=",", file=out)
"""

PRICE = """
import duckdb, sys
con = duckdb.connect(sys.argv[1])
con.execute('''CREATE TABLE priced AS SELECT *, (input_tokens * 3000000 + output_tokens * 15000000)::HUGEINT AS cost_pico
               FROM calls''')
con.execute("DROP TABLE calls")
con.execute("CHECKPOINT")
con.close()
"""


def run(argv, env):
    """Runs a command and returns (cpu seconds, wall seconds, peak memory in MiB) of that process alone."""
    start = time.monotonic()
    child = subprocess.Popen([str(part) for part in argv], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    if status != 0:
        sys.exit(f"failed: {argv}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def pairs(name, ours, theirs, before=lambda: None):
    """Runs two commands in turn and prints the median ratio of each figure."""
    before()
    run(*ours), run(*theirs)
    figures = []
    for _ in range(PAIRS):
        before()
        figures.append((run(*ours), run(*theirs)))
    ratio = lambda at: statistics.median(a[at] / b[at] for a, b in figures)
    spread = lambda at: (min(a[at] / b[at] for a, b in figures), max(a[at] / b[at] for a, b in figures))
    median = lambda who, at: statistics.median(pair[who][at] for pair in figures)
    print(f"{name}")
    for label, at in (("CPU", 0), ("wall", 1)):
        low, high = spread(at)
        print(f"  {label:4} ratio {ratio(at):.2f} ({low:.2f} to {high:.2f})   attr {median(0, at):.3f} s, DuckDB {median(1, at):.3f} s")
    print(f"  peak memory   attr {median(0, 2):.0f} MiB, DuckDB {median(1, 2):.0f} MiB")


def generator():
    """Builds the program that invents logs, and returns its path."""
    built = subprocess.run(
        ["cargo", "bench", "--bench", "generate", "--profile", "release", "--no-run", "--message-format", "short"],
        cwd=TOP, check=True, capture_output=True, text=True)
    return TOP / re.findall(r"\(([^()]*generate[^()]*)\)", built.stderr)[-1]


def main():
    sizes = [int(arg) for arg in sys.argv[1:]] or [1_000_000]
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=TOP, check=True)
    generate = generator()
    print(f"{os.cpu_count()} processors, medians of {PAIRS} pairs, a warm-up each, files in the page cache")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), rows, generate)


def measure(folder, rows, generate):
    log, ours, theirs = folder / "calls.jsonl", folder / "attr.db", folder / "duck.db"
    with open(log, "wb") as out:
        subprocess.run([generate, str(rows), "1", "90"], stdout=out, check=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "ATTR_DB": str(ours)}
    python = dict(os.environ)
    print(f"\n{rows:,} calls, {log.stat().st_size / 1e6:.0f} MB")

    def clean():
        for path in (ours, theirs):
            path.unlink(missing_ok=True)

    pairs("import", ([ATTR, "import", log], env), ([sys.executable, "-c", LOAD, log, theirs], python), clean)
    print(f"  bytes a row   attr {ours.stat().st_size / rows:.0f}, DuckDB {theirs.stat().st_size / rows:.0f}, log {log.stat().st_size / rows:.0f}")
    run([sys.executable, "-c", PRICE, theirs], python)
    ask = [ATTR, "slice", "--by", "feature,tenant", "--format", "csv"]
    duck = [sys.executable, "-c", SLICE, theirs]
    pairs("slice --by feature,tenant, all time", (ask, env), (duck, python))
    week = ask + ["--since", "7d", "--as-of", "latest"]
    pairs("slice --by feature,tenant, 7 of 90 days", (week, env), (duck + ["2026-10-23 00:00:00"], python))
    one = [ATTR, "slice", "--by", "feature", "--top", "5"]
    print(f"  slice --by feature: {statistics.median(run(one, env)[1] for _ in range(PAIRS)):.3f} s wall")
    # Every call changes its cost: a discount on each seller of the log.
    deals = folder / "deals.toml"
    deals.write_text("".join(f'[[override]]\nseller = "{seller}"\ndiscount = "0.1"\n' for seller in ("anthropic", "openai", "google")))
    under = [ATTR, "--overrides", deals, "reprice"]
    shown = [run(under, env) for _ in range(PAIRS)]
    stored = [run(under + ["--apply"] if turn % 2 else [ATTR, "--overrides", "/dev/null", "reprice", "--apply"], env) for turn in range(1, 2 * PAIRS + 1)]
    for name, figures in (("shown", shown), ("stored, every cost changes", stored)):
        cpu, wall = (statistics.median(figure[at] for figure in figures) for at in (0, 1))
        print(f"reprice, {name}: {cpu:.2f} s CPU, {wall:.2f} s wall")
    again = run([ATTR, "import", log], env)
    print(f"import of the same file again: {again[0]:.2f} s CPU, {again[1]:.2f} s wall, {again[2]:.0f} MiB")


if __name__ == "__main__":
    main()
