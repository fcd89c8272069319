"""What is known of who uses a cache."""

from dokku_cache.legacy.proof import Evidence, Life, Proof, Usage


def test_nobody_uses_it_only_where_that_is_certain() -> None:
    assert Usage().is_none
    assert not Usage(uses=("container web mounts it",)).is_none
    assert not Usage(unknown=("Docker does not answer",)).is_none
    assert not (Usage(uses=("container web mounts it",)) + Usage(unknown=("Docker does not answer",))).is_none


def test_what_two_say_is_said_once_in_their_order() -> None:
    one, other = Usage(("a", "b"), ("x",), ("do this",)), Usage(("b", "c"), ("x", "y"), ("do this",))
    assert one + other == Usage(("a", "b", "c"), ("x", "y"), ("do this",))


def test_what_nobody_has_said_is_no_use_and_no_ghost() -> None:
    shown = Proof(holds=True, text="it is shown")
    evidence = Evidence(shown, shown, shown)
    assert evidence.usage.is_none
    assert evidence.trash_usage.is_none
    assert not evidence.is_ghost
    assert evidence.life == Life()
