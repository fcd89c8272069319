"""Whether anybody still writes into a cache."""

from datetime import datetime, timezone

from dokku_cache.evidence.durations import as_text
from dokku_cache.legacy.proof import Proof
from dokku_cache.model.reason_code import ReasonCode


def judge(newest: float | None, now: float, min_age_seconds: int, *, is_walked: bool) -> Proof:
    """Judge the newest modification that is not in the future (seconds since the epoch, like ``now``).

    With ``is_walked`` it is that of the whole tree, else what was seen of it.
    """
    if min_age_seconds <= 0:
        return Proof(holds=True, text="no quiet time is asked for")
    if newest is not None and now - newest < min_age_seconds:
        written = datetime.fromtimestamp(newest, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        text = f"it was written at {written}, and has to be quiet for {as_text(min_age_seconds)}"
        return Proof(holds=False, text=text, code=ReasonCode.RECENTLY_MODIFIED)
    text = f"nobody has written into it for {as_text(min_age_seconds)}"
    return Proof(holds=True, text=text) if is_walked else Proof(holds=None, text=f"as far as was looked, {text}")
