"""``python3 -m bench WORK [options]``: asks the questions, and writes the page. Called by bench/run."""

import argparse
import os

from bench import page
from bench.questions import QUESTIONS
from bench.workplace import Bench

_PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "benchmarks.md")


def main() -> None:
    """Read the options, ask the questions, and write what came out."""
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("work", help=argparse.SUPPRESS)
    parser.add_argument("--files", type=int, default=200_000, help="in a big tree (200,000)")
    parser.add_argument("--runs", type=int, default=6, help="of quick questions; half as many of slow ones (6)")
    parser.add_argument("--shapes", type=int, help="how many shapes of trees each question is asked of (all)")
    parser.add_argument("--output", default=_PAGE, help="the page (docs/benchmarks.md)")
    parser.add_argument("--only", action="append", choices=QUESTIONS, help="one question; may be given again")
    options = parser.parse_args()
    bench = Bench(options.work, options.files, options.runs, options.shapes)
    os.makedirs(os.path.dirname(os.path.abspath(options.output)), exist_ok=True)
    command = f"bench/run --files {options.files} --runs {options.runs}"
    titles = []
    for name in options.only or QUESTIONS:
        for result in QUESTIONS[name](bench):
            page.add(options.output, command, bench.file_system, result)
            titles.append(result.title)
    if not options.only:
        page.keep(options.output, titles)
    print(f"Written: {options.output}")


main()
