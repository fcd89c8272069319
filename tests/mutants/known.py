"""Mutants that no test can notice, each with the reason why it changes nothing."""

HARMLESS = {
    (
        "tree.handles: OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC"
        " [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    'tree.handles: _, _, number = os.read(information, 4096).partition(b"mnt_id:") [4096 -> 4097]': (
        "the text is far shorter"
    ),
    "legacy.remove: ATTEMPTS = 3 [3 -> 4]": "one look more at what somebody keeps writing into",
    (
        "legacy.plan: if sighting.cache is None or finding.cache.state not in CACHE_REMOVABLE[mode]:"
        " [without 'sighting.cache is None']"
    ): "without a cache the state is absent, in which none may be removed",
}
