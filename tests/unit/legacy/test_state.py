"""What a state with its reason says by itself."""

from dokku_cache.legacy.state import State, Verdict


def test_a_verdict_that_needs_no_look_at_the_whole_is_final_and_says_its_state_and_what_to_do() -> None:
    verdict = Verdict(State.UNSAFE, "it is a symbolic link")
    assert verdict.is_final
    assert verdict.described == "unsafe: it is a symbolic link"
    assert verdict.hint == "look at it yourself: the plugin removes plain directories only"
    assert Verdict(State.UNSAFE, "x", "do this").hint == "do this"
    assert Verdict(State.ORPHANED, "x").hint == ""
