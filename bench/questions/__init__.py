"""The questions that are asked, one file each: a question is asked of a bench, and gives results for the page."""

from collections.abc import Callable, Iterator

from bench.questions.answers_meanwhile import answers_meanwhile
from bench.questions.containers_meanwhile import containers_meanwhile
from bench.questions.deleting import deleting, deleting_measured
from bench.questions.deploy_wait import deploy_wait
from bench.questions.doors import doors
from bench.questions.many_apps import many_apps
from bench.questions.measuring import measuring
from bench.questions.memory import memory
from bench.timing import Result
from bench.workplace import Bench

QUESTIONS: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "doors": doors,
    "deleting": deleting,
    "deleting-measured": deleting_measured,
    "measuring": measuring,
    "memory": memory,
    "deploy-wait": deploy_wait,
    "containers-meanwhile": containers_meanwhile,
    "answers-meanwhile": answers_meanwhile,
    "many-apps": many_apps,
}
