"""Mutants that no test can notice, each with the reason why it changes nothing."""

HARMLESS = {
    (
        "legacy.plan: if sighting.cache is None or finding.cache.state not in CACHE_REMOVABLE[mode]:"
        " [without 'sighting.cache is None']"
    ): "without a cache the state is absent, in which none may be removed",
    (
        "legacy.classify: if version is not None and version < FIRST_WITHOUT_DIRECTORY: [without"
        " 'version is not None']"
    ): "without a version the cache is active, which is said before",
    "legacy.classify: if sighting.fault or not sighting.trash: [without 'sighting.fault']": "into such a directory nobody has looked, so there is no trash",
    "legacy.classify: if entry is not None and entry.mounted_as [without 'entry is not None']": "without a cache the state is absent, which is said before",
    "legacy.remove: ATTEMPTS = 3 [3 -> 4]": "one look more at what somebody keeps writing into",
    "legacy.emptying: OPEN_DIRECTORIES = 256 [256 -> 257]": "one handle more, far below the limit",
    "legacy.emptying: HANDLES_ALONE = 8 [8 -> 9]": "one handle more a thread, far below the limit",
    "legacy.emptying: BATCH = 200 [200 -> 201]": "speed alone",
    "legacy.emptying: _TELLING_SECONDS = 0.1 [0.1 -> 1.1]": "how often a bar moves, and how many work is thought over",
    "legacy.emptying: crew.be(pace.after(count, told - before)) [Sub -> Add]": "how many work: speed alone",
    "legacy.emptying: self.wanted, self._taking_part = 1, 0 [1 -> 2]": "a crew says it before anybody takes part; without one the caller is alone",
    "legacy.emptying: self._changed.notify()  # what woke this one is for another [without 'self._changed.notify()']": "who has handed it out comes back for it: speed alone",
    "legacy.crew: RESTING = 20 [20 -> 21]": "one look more",
    "legacy.crew: self._threads.append(threading.Thread(target=self._work.take_part, daemon=True)) [without daemon=True]": "they are waited for in any case",
    "legacy.crew: self._threads.append(threading.Thread(target=self._work.take_part, daemon=True)) [True -> False]": "they are waited for in any case",
    (
        "legacy.emptying: return self._ended.wait_for(lambda: self._has_ended() and not self._running,"
        " seconds) [without 'not self._running']"
    ): "who still runs is waited for afterwards",
    "legacy.emptying: self._changed.notify_all() [without 'self._changed.notify_all()']": "who ends a job wakes the others too",
    "legacy.emptying: self.failure = self.failure or error [without 'self.failure']": "of several errors at once another is told",
    "legacy.emptying: return self._is_over or not (self._jobs or self._running) [without 'self._running']": "who still works does what he finds himself: speed alone",
    "legacy.emptying: self._changed.notify() [without 'self._changed.notify()']": "who ends a job wakes the others too",
    "legacy.emptying: if len(names) == BATCH: [Eq -> NotEq]": "speed alone",
    "legacy.emptying: is_busy = len(self._jobs) > OPEN_DIRECTORIES [Gt -> GtE]": "who does it: speed alone",
    "legacy.emptying: is_busy = len(self._jobs) > OPEN_DIRECTORIES [Gt -> LtE]": "who does it: speed alone",
    "legacy.emptying: if is_busy: [if not is_busy]": "who does it: speed alone",
    "legacy.emptying: is_room = len(self._open) < OPEN_DIRECTORIES [Lt -> LtE]": "where it is emptied: speed, or one handle more",
    "legacy.emptying: is_room = len(self._open) < OPEN_DIRECTORIES [Lt -> GtE]": "where it is emptied: speed, or one handle more",
    "legacy.emptying: if is_room: [if not is_room]": "where it is emptied: speed alone, as those that are emptied on the spot take no room",
    (
        "tree.handles: OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC"
        " [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    'tree.handles: _, _, number = os.read(information, 4096).partition(b"mnt_id:") [4096 -> 4097]': "the text is far shorter",
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
    (
        "tree.handles: handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,"
        " dir_fd=parent_fd) [without os.O_PATH]"
    ): "for root, who may read all; that user dokku can open what he may not read is held in tests/integration",
    "tree.descent: KEPT_HANDLES = 64 [64 -> 65]": "one handle more, far below the limit",
    "tree.descent: while parent is None and self._way: [without 'self._way']": "the top's handle is always kept, so that one is found before the way ends",
    "legacy.sighting: return TRASH_PREFIX + secrets.token_hex(8) [8 -> 9]": "one byte more that nobody guesses",
    "legacy.sighting: return Inside(closed=1)  # it changes right now: nothing is known of it [1 -> 2]": "more than none is what counts",
    "legacy.sighting: changed: float = 0.0 [0.0 -> 1.0]": "who finds an entry says when it changed",
    (
        "volumes.state: if volume.builder is Builder.PACK and volume.generation is Generation.FORMER:"
        " [without 'volume.builder is Builder.PACK']"
    ): "only pack's volumes have a generation",
    "volumes.state: made = volume.created.isoformat(timespec=\"seconds\") [without timespec='seconds']": "what a person reads is longer",
    "dokku.locks: _POLL_SECONDS = 0.1 [0.1 -> 1.1]": "how often it looks",
    "dokku.locks: _DEPLOY_POLL_SECONDS = 0.5 [0.5 -> 1.5]": "how often it looks",
    "dokku.locks: if time.monotonic() >= deadline: [GtE -> Gt]": "the clock goes on by itself: one look more",
    (
        "dokku.locks: lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK |"
        " os.O_NOFOLLOW) [without os.O_RDONLY | os.O_CLOEXEC]"
    ): "Python gives it to each handle (PEP 446)",
    (
        "dokku.locks: lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK |"
        " os.O_NOFOLLOW) [without os.O_CLOEXEC]"
    ): "Python gives it to each handle (PEP 446)",
    (
        "dokku.locks: lock_fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK |"
        " os.O_NOFOLLOW) [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    "dokku.volume_mentions: continue [without 'continue']": "what could not be read has no text to look into",
    (
        "legacy.installed: handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK |"
        " os.O_CLOEXEC, dir_fd=directory_fd) [without os.O_CLOEXEC]"
    ): "Python gives it to each handle (PEP 446)",
    (
        "legacy.installed: handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK |"
        " os.O_CLOEXEC, dir_fd=directory_fd) [without os.O_RDONLY]"
    ): "O_RDONLY is 0",
    "tree.contents: LOOK_ENTRIES = 2000 [2000 -> 2001]": "one entry more",
    "tree.contents: MOST_NAMES = 1000 [1000 -> 1001]": "one name more",
    (
        "tree.contents: if (self.newest is None or modified > self.newest) and not is_future(modified): [Gt -> GtE]"
    ): "of two equal times either is the newest",
    (
        "tree.contents: status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False) [without"
        " follow_symlinks=False]"
    ): "a link is refused right after, by the open",
    "tree.contents: status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False) [False -> True]": "a link is refused right after, by the open",
    "tree.contents: for lines in pool.output(wait=True): [True -> False]": "it asks more often",
    "tree.walk: OWN_ENTRIES = 1000 [1000 -> 1001]": "speed alone",
    "tree.walk: OWN_DIRECTORIES = 200 [200 -> 201]": "one handle more, far below the limit",
    "tree.walk: FEW_SUBTREES = 64 [64 -> 65]": "speed alone",
    "tree.walk: MOST_OWN_ENTRIES = 4000 [4000 -> 4001]": "speed alone",
    "tree.walk: WIDE_FILES = 250 [250 -> 251]": "speed alone",
    "tree.walk: ERRAND_DIRECTORIES = 250 [250 -> 251]": "speed alone",
    "tree.walk: MOST_ERRAND_DIRECTORIES = 1000 [1000 -> 1001]": "speed alone",
    "tree.walk: LOOK_ENTRIES = 5000 [5000 -> 5001]": "how often it is looked at what others print",
    "tree.walk: _collect(pool, ticker, wait=False) [without '_collect(pool, ticker, wait=False)']": "when it is looked at what others print: speed alone",
    "tree.walk: _collect(pool, ticker, wait=False) [False -> True]": "when it is looked at what others print: speed alone",
    "tree.walk: _collect(pool, ticker, wait=True) [True -> False]": "it asks more often",
    "tree.walk: entries = self._tally.files + self._tally.directories [Add -> Sub]": "who reads it: speed alone",
    (
        "tree.walk: if self._subtrees and len(self._subtrees) < FEW_SUBTREES and entries <"
        " MOST_OWN_ENTRIES: [without 'len(self._subtrees) < FEW_SUBTREES']"
    ): "who reads it: speed alone",
    (
        "tree.walk: if self._subtrees and len(self._subtrees) < FEW_SUBTREES and entries <"
        " MOST_OWN_ENTRIES: [without 'entries < MOST_OWN_ENTRIES']"
    ): "who reads it: speed alone",
    (
        "tree.walk: if self._subtrees and len(self._subtrees) < FEW_SUBTREES and entries <"
        " MOST_OWN_ENTRIES: [Lt -> LtE]"
    ): "who reads it: speed alone",
    (
        "tree.walk: if self._subtrees and len(self._subtrees) < FEW_SUBTREES and entries <"
        " MOST_OWN_ENTRIES: [Lt -> GtE]"
    ): "who reads it: speed alone",
    "tree.walk: if entries >= OWN_ENTRIES: [GtE -> Gt]": "who reads it: speed alone",
    "tree.walk: for number, entry in enumerate(entries, 1): [1 -> 2]": "when it is looked at what others print",
    "tree.walk: yield None [without 'yield None']": "when it is looked at what others print",
    "tree.walk: kind = leaves if links == LINKS_WITHOUT_DIRECTORIES else subtrees [Eq -> NotEq]": "in what order they are read: speed alone",
    "tree.walk: if len(kind) >= self._worth_a_job(number): [GtE -> Gt]": "one directory more in a job",
    (
        "tree.walk: yield from halves(directory, sorted(file.st_ino for file in files)[len(files) // 2]) [2 -> 3]"
    ): "how evenly the halves are cut: speed alone",
    "tree.walk: break [without 'break']": "it looks for directories that are not there: speed alone",
    "tree.walk: return 0 [0 -> 1]": "one that is gone is passed over by who opens it, too",
    (
        "tree.walk: return min(max(ERRAND_DIRECTORIES, entries // self._readers),"
        " MOST_ERRAND_DIRECTORIES) [FloorDiv -> Mult]"
    ): "how many directories make a job: speed alone",
    "tree.measurement: CLOCK_SECONDS = 60.0 [60.0 -> 61.0]": "a second more",
    "tree.measurement: return modified > time.time() + CLOCK_SECONDS [Gt -> GtE]": "clocks are not that exact",
    "tree.measurement: if not is_directory and status.st_nlink > 1: [And -> Or]": "what has one name is remembered too, and never met again: memory alone",
    "tree.measurement: if not is_directory and status.st_nlink > 1: [without 'not is_directory']": "what has one name is remembered too, and never met again: memory alone",
    "tree.measurement: if not is_directory and status.st_nlink > 1: [without 'status.st_nlink > 1']": "what has one name is remembered too, and never met again: memory alone",
    "tree.measurement: if not is_directory and status.st_nlink > 1: [Gt -> GtE]": "what has one name is remembered too, and never met again: memory alone",
    "tree.measurement: if self.newest is None or modified > self.newest: [Gt -> GtE]": "of two equal times either is the newest",
    (
        "tree.measurement: if (self.written is None or modified > self.written) and not"
        " is_future(modified): [Gt -> GtE]"
    ): "of two equal times either is the newest",
    (
        "tree.measurement: return datetime.max.replace(tzinfo=timezone.utc) if seconds > 0 else"
        " datetime.min.replace(tzinfo=timezone.utc) [Gt -> GtE]"
    ): "a time so near to 1970 is within the calendar",
    (
        "tree.measurement: return datetime.max.replace(tzinfo=timezone.utc) if seconds > 0 else"
        " datetime.min.replace(tzinfo=timezone.utc) [0 -> 1]"
    ): "a time so near to 1970 is within the calendar",
    "tree.find_pool: FIND_PROCESSES = 16 [16 -> 17]": "speed alone",
    "tree.find_pool: _READ_BYTES = 1 << 16 [1 -> 2]": "speed alone",
    "tree.find_pool: _READ_BYTES = 1 << 16 [16 -> 17]": "speed alone",
    "tree.find_pool: return len(self._running) >= self.most [GtE -> Gt]": "one process more",
    "tree.find_pool: process = subprocess.Popen( [without stdin=subprocess.DEVNULL]": "find reads nothing from it",
    "tree.find_pool: process = subprocess.Popen( [without bufsize=0]": "its pipes are read by their handles alone",
    "tree.find_pool: bufsize=0, [0 -> 1]": "its pipes are read by their handles alone",
    "tree.find_pool: for key, _ in self._selector.select(None if wait else 0): [if not wait]": "how long it waits for what they print: speed alone",
    "tree.find_pool: for key, _ in self._selector.select(None if wait else 0): [0 -> 1]": "how long it waits for what they print: speed alone",
    "tree.find_pool: continue [without 'continue']": "nothing that was read makes no line",
    "tree.rotation: _NO_ROTATION = 1 [1 -> 2]": "no disk turns twice a minute (SBC-4: such values are reserved)",
    "tree.rotation: block = entry.resolve(strict=True) [without strict=True]": "what is not there has no page that could be read",
    "tree.rotation: block = entry.resolve(strict=True) [True -> False]": "what is not there has no page that could be read",
    "tree.file_system: LIMIT_SECONDS = 2.0 [2.0 -> 3.0]": "a second more for a server that is gone",
    "tree.file_system: has_inodes = counted.f_files > 0 [0 -> 1]": "no file system has one inode",
    "purge.purger: DEPLOY_SECONDS = 900.0 [900.0 -> 901.0]": "a second more of a quarter of an hour",
    (
        "purge.purger: return os.stat(entry.name, dir_fd=directory.fd, follow_symlinks=False).st_uid =="
        " os.geteuid() [without follow_symlinks=False]"
    ): "what was put in its place is refused right after: the rename looks at the identity",
    (
        "purge.purger: return os.stat(entry.name, dir_fd=directory.fd, follow_symlinks=False).st_uid =="
        " os.geteuid() [False -> True]"
    ): "what was put in its place is refused right after: the rename looks at the identity",
    (
        "purge.purger: renamed = [entry.name for target, entry in zip(targets, aside, strict=True) if"
        " not target.is_trash] [without strict=True]"
    ): "each target has one that was set aside",
    (
        "purge.purger: renamed = [entry.name for target, entry in zip(targets, aside, strict=True) if"
        " not target.is_trash] [True -> False]"
    ): "each target has one that was set aside",
    "purge.volume_purger: DESTROY_LIMIT_SECONDS = 300 [300 -> 301]": "a second more of five minutes",
    "purge.events: LIMIT_SECONDS = 10.0 [10.0 -> 11.0]": "a second more of ten",
    (
        "volumes.telling: width = max((len(_app(decision.finding)) for decision in decisions), default=0) [0 -> 1]"
    ): "without a line its width does not matter",
}
