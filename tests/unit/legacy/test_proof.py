"""What is known of who uses a cache."""

from dokku_cache.legacy.proof import Usage


# promise: use, unknown
def test_nobody_uses_it_only_where_that_is_certain() -> None:
    assert Usage().is_none
    assert not Usage(uses=("container web mounts it",)).is_none
    assert not Usage(unknown=("Docker does not answer",)).is_none
    assert not (Usage(uses=("container web mounts it",)) + Usage(unknown=("Docker does not answer",))).is_none


def test_what_two_say_is_said_once_in_their_order() -> None:
    one, other = Usage(("a", "b"), ("x",), ("do this",)), Usage(("b", "c"), ("x", "y"), ("do this",))
    assert one + other == Usage(("a", "b", "c"), ("x", "y"), ("do this",))
