"""What can go wrong with messages and profiles as a whole. What is wrong in one message is a `Problem`."""

from holdfast.core.errors import Conflict, HoldfastError, InvalidInput, Unavailable


class DefinitionsMissing(HoldfastError):
    """The definitions of the base standard are not installed."""

    code = "definitions_missing"
    status = 501

    def __init__(self, module: str) -> None:
        super().__init__(
            f"profiles of HL7 v2 need the standard's definitions, and {module} is not installed; "
            "pip install 'holdfast[interop]'"
        )


class MessagesNotFound(InvalidInput):
    """There is no file of messages at that path, or it is a folder."""

    code = "messages_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no file; give the path of a file of messages", field="paths")


class ProfileUnreadable(InvalidInput):
    """The bytes are no profile of this version, or are sealed under another key."""

    code = "profile_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}; profiles are read with the key they were made with", field="profile")


class DocumentUnreadable(InvalidInput):
    """The document at an address is no configuration that was inferred from messages."""

    code = "document_unreadable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"this is no configuration inferred from messages: {reason}; analyse messages to make one",
            field="document",
        )


class NothingToCompare(InvalidInput):
    """None of the messages is of the type that the configuration describes."""

    code = "nothing_to_compare"

    def __init__(self, message_type: str) -> None:
        super().__init__(f"none of the messages is {message_type}; give messages of this type", field="messages")


class ProfileTaken(Conflict):
    """Somebody else analyses this vendor's messages."""

    code = "profile_taken"

    def __init__(self, vendor: str, standard: str) -> None:
        super().__init__(
            f"the messages of {vendor!r:.200} ({standard}) are analysed by another member; ask them or an "
            "administrator to add yours, or choose another name for the vendor"
        )


class ProfilesOverlap(Conflict):
    """Two profiles counted some of the same messages; their sum would count these twice.

    `messages` is how many. Profile the second batch beside the first profile (`Profiler(key, beside=first)`), which
    leaves out what the first has counted.
    """

    code = "profiles_overlap"

    def __init__(self, messages: int) -> None:
        super().__init__(
            f"both profiles counted {messages} of the same messages; "
            "profile the later batch beside the earlier profile, which leaves those out"
        )
        self.messages = messages


class WorkerLost(HoldfastError):
    """A process that counted messages ended before its work; what it counted is lost with it."""

    code = "worker_lost"

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(f"a process that counted messages ended (exit code {exit_code}); run the analysis again")
        self.exit_code = exit_code


class ClusterMissing(HoldfastError):
    """Dask is not installed here."""

    code = "cluster_missing"
    status = 501

    def __init__(self, module: str) -> None:
        super().__init__(
            f"a cluster is asked through Dask, and {module} is not installed; pip install 'holdfast[dask]'"
        )


class ClusterLost(Unavailable):
    """The cluster's scheduler is not reached, or its workers ended before their work; the job tries again."""

    code = "cluster_lost"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the cluster did not count the messages ({reason}); see that its scheduler and workers run")


class ListenerRefused(Unavailable):
    """The listener could not begin: its address is taken, or is none of this machine."""

    code = "listener_refused"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"nothing can listen on {host!r}, port {port}: {reason}; give another host or port")
