"""Who uses which app's cache, gathered from several sources."""

from dokku_cache.evidence.by_app import Claim, Usages
from dokku_cache.evidence.paths import Named, Part
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode

JOB = Claim("container job mounts {} at /x", ReasonCode.MOUNTED_BY_CONTAINER, "end job")


def test_one_claim_may_mean_caches_and_trash_of_several_apps() -> None:
    usages = Usages()
    meant = [
        Named("shop", Part.CACHE),
        Named("blog", Part.CACHE),
        Named("shop", Part.TRASH),
        Named("wiki", Part.WHOLE),
    ]
    usages.add(meant, JOB)
    for app, words in (("shop", "it"), ("blog", "it"), ("wiki", "the app's directory")):
        assert usages.of_cache(app) == Usage(
            (f"container job mounts {words} at /x",),
            remedies=("end job",),
            use_codes=(ReasonCode.MOUNTED_BY_CONTAINER,),
        )
    assert usages.of_trash("shop").uses == ("container job mounts its trash at /x",)
    assert usages.of_trash("blog").is_none


def test_what_is_unknown_of_nobody_in_particular_is_unknown_of_all() -> None:
    usages = Usages()
    usages.add_unknown("shop", Usage(unknown=("an option cannot be read",)))
    usages.add_unknown("", Usage(unknown=("Docker is silent",)))
    assert usages.of_cache("shop").unknown == ("an option cannot be read", "Docker is silent")
    assert usages.of_cache("blog").unknown == usages.of_trash("shop").unknown == ("Docker is silent",)


def test_only_a_path_from_the_root_can_lead_somewhere() -> None:
    usages = Usages()
    usages.note("/srv/link", JOB)
    usages.note("named-volume", JOB)
    assert usages.noted == {"/srv/link": JOB}
