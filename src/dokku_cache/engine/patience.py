"""One limit for a whole command: an engine that was silent once is not asked again."""

from typing import Any

from dokku_cache.errors import Unknown

HINT = "nothing is removed until Docker responds; check 'journalctl -u docker'"


def ask_a_silent_engine_once(api: Any) -> None:
    """Let a docker SDK client raise Unknown at once, after its engine has let one time limit pass.

    An engine that hangs would else cost the limit for each question: containers, volumes, images, disk usage, and
    then again for each app that is purged.
    """
    send = api.send
    silences: list[Unknown] = []

    def send_unless_silent(request: Any, **options: Any) -> Any:
        if silences:
            raise silences[0]
        try:
            return send(request, **options)
        except Exception as error:
            if _is_silence(error):
                silences.append(Unknown(f"Docker did not respond within {options.get('timeout')} s", HINT))
                raise silences[0] from error
            raise

    api.send = send_unless_silent


def _is_silence(error: BaseException | None) -> bool:
    """Tell whether a time limit is what made a call fail: the SDK's HTTP layers wrap it in their own errors."""
    while error is not None:
        if isinstance(error, TimeoutError) or type(error).__name__ in {"ReadTimeout", "ReadTimeoutError"}:
            return True
        error = error.__cause__ or error.__context__
    return False
