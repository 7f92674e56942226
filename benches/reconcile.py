#!/usr/bin/env python3
"""Times `attr reconcile` of a year's bill of 1.8 million lines against calls, and prints ratios.

usage: benches/reconcile.py [CALLS …]      (default: 1000000)

Method: see benches/README.md. Nothing here asserts a time; the ratios are for people to read. That the bill ties to the
last digit is asserted: a reconciliation that is wrong is not worth timing.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from compare import ATTR, PAIRS, TOP, generator, run


def main():
    sizes = [int(arg) for arg in sys.argv[1:]] or [1_000_000]
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=TOP, check=True)
    generate = generator()
    for calls in sizes:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), calls, generate)


def measure(folder, calls, generate):
    subprocess.run([generate, "bill", folder, str(calls)], check=True)
    log, bill, store, other = folder / "calls.jsonl", folder / "bill.csv", folder / "attr.db", folder / "bill.db"
    attr = [ATTR, "--pricing", folder / "prices.toml"]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "ATTR_DB": str(store)}
    apart = dict(env, ATTR_DB=str(other))
    run(attr + ["import", log], env)
    log.unlink()

    def read():
        other.unlink(missing_ok=True)
        return run(attr + ["import", bill], apart)

    commands = {
        "reconcile, the bill a file": lambda: run(attr + ["reconcile", bill], env),
        "slice --by day,model,workspace": lambda: run(attr + ["slice", "--by", "day,model,workspace", "--format", "csv"], env),
        "import of the bill alone": read,
    }
    figures = {name: [] for name in commands}
    for turn in range(PAIRS + 1):
        for name, command in commands.items():
            figure = command()
            # The first turn warms up.
            figures[name] += [figure] if turn else []
    run(attr + ["import", bill], env)
    figures["reconcile, the bill stored"] = [run(attr + ["reconcile"], env) for _ in range(PAIRS)]
    print(f"\n{calls:,} calls, 1,825,000 lines, medians of {PAIRS}; the bill ties to the last digit")
    first = figures["reconcile, the bill a file"]
    for name, runs in figures.items():
        cpu, wall, memory = (statistics.median(figure[at] for figure in runs) for at in range(3))
        ratio = statistics.median(a[0] / b[0] for a, b in zip(first, runs))
        print(f"  {name:32} {cpu:6.2f} s CPU {wall:6.2f} s wall {memory:6.0f} MiB   reconcile over this: {ratio:.2f} of the CPU")


if __name__ == "__main__":
    main()
