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
    (
        "legacy.classify: if version is not None and version < FIRST_WITHOUT_DIRECTORY:"
        " [without 'version is not None']"
    ): "without a version the cache is active, which is said before",
    "legacy.classify: if sighting.fault or not sighting.trash: [without 'sighting.fault']": (
        "into such a directory nobody has looked, so there is no trash"
    ),
    "legacy.classify: if entry is not None and entry.mounted_as [without 'entry is not None']": (
        "without a cache the state is absent, which is said before"
    ),
    "legacy.emptying: WORKERS = 32 [32 -> 33]": "speed alone",
    "legacy.emptying: OPEN_DIRECTORIES = 256 [256 -> 257]": "one handle more, far below the limit",
    "legacy.emptying: HANDLES_ALONE = 8 [8 -> 9]": "one handle more a thread, far below the limit",
    "legacy.emptying: BATCH = 200 [200 -> 201]": "speed alone",
    "legacy.emptying: _TELLING_SECONDS = 0.2 [0.2 -> 1.2]": "how often a bar moves",
    "tree.descent: KEPT_HANDLES = 64 [64 -> 65]": "one handle more, far below the limit",
    "tree.descent: while parent is None and self._way: [without 'self._way']": (
        "the top's handle is always kept, so that one is found before the way ends"
    ),
    (
        'tree.handles: information = os.open(f"/proc/self/fdinfo/{handle}", os.O_RDONLY | os.O_CLOEXEC)'
        " [without os.O_CLOEXEC]"
    ): "Python gives it to each handle; it is closed two lines on",
    (
        'tree.handles: information = os.open(f"/proc/self/fdinfo/{handle}", os.O_RDONLY | os.O_CLOEXEC)'
        " [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    "tree.handles: return int(number.split(maxsplit=1)[0]) [without maxsplit=1]": "the first word is the same",
    "tree.handles: return int(number.split(maxsplit=1)[0]) [1 -> 2]": "the first word is the same",
    (
        "tree.handles: handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,"
        " dir_fd=parent_fd) [without os.O_CLOEXEC]"
    ): "Python gives it to each handle (PEP 446)",
    (
        "tree.handles: self.root_fd = os.open(dokku_root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)"
        " [without os.O_CLOEXEC]"
    ): "Python gives it to each handle (PEP 446)",
    (
        "tree.handles: self.root_fd = os.open(dokku_root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)"
        " [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    "legacy.sighting: return TRASH_PREFIX + secrets.token_hex(8) [8 -> 9]": "one byte more that nobody guesses",
    (
        "legacy.emptying: threads = [threading.Thread(target=work.take_part, daemon=True) for _ in range(workers)]"
        " [without daemon=True]"
    ): "they are waited for in any case",
    (
        "legacy.emptying: threads = [threading.Thread(target=work.take_part, daemon=True) for _ in range(workers)]"
        " [True -> False]"
    ): "they are waited for in any case",
    (
        "legacy.emptying: return self._changed.wait_for(lambda: self._has_ended() and not self._running, seconds)"
        " [without 'not self._running']"
    ): "who still runs is waited for afterwards",
    "legacy.emptying: self._changed.notify_all() [without 'self._changed.notify_all()']": (
        "who ends a job wakes the others too"
    ),
    "legacy.emptying: self.failure = self.failure or error [without 'self.failure']": (
        "of several errors at once another is told"
    ),
    (
        "tree.handles: handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,"
        " dir_fd=parent_fd) [without os.O_PATH]"
    ): "for root, who may read all; that user dokku can open what he may not read is held in tests/integration",
    (
        "legacy.sighting: return Inside(closed=1)  # it changes right now: nothing is known of it [1 -> 2]"
    ): "more than none is what counts",
    (
        "volumes.state: if volume.builder is Builder.PACK and volume.generation is Generation.FORMER:"
        " [without 'volume.builder is Builder.PACK']"
    ): "only pack's volumes have a generation",
    (
        "volumes.state: made = volume.created.isoformat(timespec=\"seconds\") [without timespec='seconds']"
    ): "what a person reads is longer",
}
