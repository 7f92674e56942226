#!/usr/bin/env python3
"""Times the questions about jumps and causes beside a plain slice over the same store, in turn, and prints ratios.

usage: benches/investigate.py [ROWS …]      (default: 1000000)

Method: see benches/README.md. Nothing here asserts a time; the ratios are for people to read.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import ATTR, PAIRS, TOP, generator, run

TENANTS = "10000"
DIMENSIONS = "environment,team,feature,tenant,agent,model"
QUESTIONS = {
    "spikes, all 90 days, 6 dimensions": ["spikes", "--by", DIMENSIONS],
    "spikes, the last 14 days": ["spikes", "--since", "14d"],
    "why, 45 days against 45": ["why", "--since", "45d", "--by", DIMENSIONS],
    "why, 7 days against 7": ["why"],
    "loops, all 90 days": ["loops"],
    "cache by feature, all 90 days": ["cache"],
    "check of a budget by tenant": ["check"],
}
GATES = '[[check.budget]]\nusd = "1000"\nperiod = "month"\nby = "tenant"\n'


def main():
    sizes = [int(arg) for arg in sys.argv[1:]] or [1_000_000]
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=TOP, check=True)
    generate = generator()
    print(f"{os.cpu_count()} processors, medians of {PAIRS} turns, a warm-up each, files in the page cache")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), rows, generate)


def measure(folder, rows, generate):
    log, settings = folder / "calls.jsonl", folder / "attr.toml"
    with open(log, "wb") as out:
        subprocess.run([generate, str(rows), "1", "90", TENANTS], stdout=out, check=True)
    settings.write_text(GATES)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "ATTR_DB": str(folder / "attr.db"), "ATTR_CONFIG": str(settings)}
    print(f"\n{rows:,} calls, {int(TENANTS):,} tenants, 90 days")
    run([ATTR, "import", "-q", log], env)
    log.unlink()
    plain = [ATTR, "slice", "--by", "feature,tenant", "--format", "json"]
    for name, question in QUESTIONS.items():
        ours = [ATTR, *question, "--as-of", "latest", "--format", "json", *(["--no-fail"] if question[0] == "check" else [])]
        run(ours, env), run(plain, env)
        figures = [(run(ours, env), run(plain, env)) for _ in range(PAIRS)]
        middle = lambda who, at: statistics.median(pair[who][at] for pair in figures)
        ratio = statistics.median(a[0] / b[0] for a, b in figures)
        print(f"  {name:36} {middle(0, 0):.2f} s CPU, {middle(0, 1):.2f} s wall, {middle(0, 2):.0f} MiB; {ratio:.1f} times a slice")


if __name__ == "__main__":
    main()
