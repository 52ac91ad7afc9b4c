"""The first level: values in this process, bounded in number and bytes.

**Nothing old is put in late.** Between reading a value (from Redis, or by loading it) and putting it in, it may have
been invalidated. So whoever is about to read first takes a `mark`, a place in the log of all that was dropped since;
when the value is put in, the log behind the mark is looked through, under the lock, for any of its tokens. Either the
drop comes before the value is put in, and the log shows it, or it comes after, and takes the value away. A log that was
cut off, or a flush, counts as a drop of everything.

**Given only while it can be trusted.** `trusted_until` is moved on by the link to Redis for as long as it is heard
from; a process that hears nothing gives nothing. Without Redis it is infinite.

**Second chance** instead of strict LRU: a hit only sets a flag, without a lock; what would go and was used meanwhile
goes back in line. Its hit rates are those of LRU or better, and a hit costs no lock.
"""

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from time import monotonic

from holdfast.core.cache.entries import Entry
from holdfast.core.cache.keys import Address, Token

LOG = 8_192
"""Of so many drops the log knows; a value that takes longer to arrive than those is not kept."""
LARGEST = 8
"""One value takes at most this part of the whole."""


class Memory:
    """The first level of one process. Safe to use from any number of threads."""

    def __init__(self, *, entries: int, size: int) -> None:
        """At most so many entries, and so many bytes as encoded (objects can take several times that)."""
        self._most_entries = entries
        self._most_bytes = size
        self.trusted_until = math.inf
        self.begin()

    def begin(self) -> None:
        """Start empty, with locks of this process."""
        self._lock = threading.Lock()
        self.entries: OrderedDict[Address, Entry] = OrderedDict()
        """Read without the lock, where only one entry is looked up."""
        self.size = 0
        self._places: dict[Token, set[Address]] = {}
        self._log: deque[tuple[Token, bytes]] = deque(maxlen=LOG)
        self._count = 0
        self._floor = 0

    def mark(self) -> int:
        """A place in the log, to be taken before a value is read or loaded."""
        return self._count

    def find(self, at: Address) -> Entry | None:
        """The entry, fresh or not, if it may be trusted."""
        entry = self.entries.get(at)
        return entry if entry is not None and monotonic() < self.trusted_until else None

    def put(self, at: Address, entry: Entry, mark: int) -> bool:
        """Keep a value that was read after `mark`. Whether it was kept."""
        with self._lock:
            if self._dropped_since(mark, entry.tokens, entry.version) or monotonic() >= self.trusted_until:
                return False
            if entry.size > self._most_bytes // LARGEST:
                self._remove(at)  # an older one may be there
                return False
            self._remove(at)
            self.entries[at] = entry
            self.size += entry.size
            for token in entry.tokens:
                self._places.setdefault(token, set()).add(at)
            self._make_room()
            return True

    def _dropped_since(self, mark: int, tokens: Iterable[Token], version: bytes) -> bool:
        behind = self._count - mark
        if behind > len(self._log) or mark < self._floor:
            return True
        if behind == 0:
            return False
        wanted = frozenset(tokens)
        log = self._log
        return any(
            token in wanted and said != version for token, said in (log[-place] for place in range(1, behind + 1))
        )

    def drop(self, tokens: Iterable[Token], *, but: bytes = b"-") -> None:
        """Drop everything with one of these tokens, but for the version that the drop was told of."""
        with self._lock:
            for token in tokens:
                self._log.append((token, but))
                self._count += 1
                for at in list(self._places.get(token, ())):
                    if self.entries[at].version != but:
                        self._remove(at)

    def discard(self, at: Address) -> None:
        """Take one entry away."""
        with self._lock:
            self._remove(at)

    def trust(self, until: float) -> None:
        """Entries may be given until that moment."""
        with self._lock:
            self.trusted_until = until

    def distrust(self) -> None:
        """Drop everything and keep nothing, until `trust` is called again; nor what is being read now."""
        with self._lock:
            self.trusted_until = -math.inf
            self.entries.clear()
            self._places.clear()
            self.size = 0
            self._count += 1
            self._log.append((b"", b"-"))
            self._floor = self._count

    def _make_room(self) -> None:
        """Let those go that were put in first and not used since. Needs the lock."""
        entries = self.entries
        while len(entries) > self._most_entries or self.size > self._most_bytes:
            at, entry = next(iter(entries.items()))
            if entry.used:
                entry.used = False
                entries.move_to_end(at)
            else:
                self._remove(at)

    def _remove(self, at: Address) -> None:
        """Needs the lock."""
        entry = self.entries.pop(at, None)
        if entry is None:
            return
        self.size -= entry.size
        for token in entry.tokens:
            places = self._places[token]
            places.discard(at)
            if not places:
                del self._places[token]
