"""What can go wrong in conversations."""

from uuid import UUID

from holdfast.core.errors import Conflict, InvalidInput, NotFound


class ConversationNotFound(NotFound):
    """There is none of this id that the caller may know of: absent, deleted, or somebody else's."""

    code = "conversation_not_found"

    def __init__(self, conversation_id: UUID) -> None:
        super().__init__(f"no conversation {conversation_id}; conversations.list() names yours")
        self.conversation_id = conversation_id


class ConversationNotActive(Conflict):
    """It takes no messages in its present state."""

    code = "conversation_not_active"

    def __init__(self, conversation_id: UUID, status: str) -> None:
        super().__init__(
            f"conversation {conversation_id} is {status} and takes no messages; conversations.restore(…) reopens it"
        )
        self.conversation_id = conversation_id
        self.conversation_status = status


class ConversationChanged(Conflict):
    """It is not as it was read."""

    code = "conversation_changed"
    status = 412

    def __init__(self, conversation_id: UUID) -> None:
        super().__init__(
            f"conversation {conversation_id} changed since it was read; read it again and repeat what still applies"
        )
        self.conversation_id = conversation_id


class MessageNotFound(NotFound):
    """There is none of this id that the caller may know of."""

    code = "message_not_found"

    def __init__(self, message_id: UUID) -> None:
        super().__init__(f"no message {message_id} in your conversations")
        self.message_id = message_id


class EmptyMessage(InvalidInput):
    """Neither content nor parts say anything."""

    code = "empty_message"

    def __init__(self) -> None:
        super().__init__("content: is empty and there are no parts; give at least one character", field="content")


class SeqOutOfRange(InvalidInput):
    """A place that the conversation has not."""

    code = "seq_out_of_range"

    def __init__(self, field: str, seq: object, count: int) -> None:
        super().__init__(
            f"{field}: {seq!r:.40} is not a message of this conversation, which has 1 to {count}", field=field
        )
        self.count = count


class NotAnAnswer(InvalidInput):
    """Only the assistant's messages are rated."""

    code = "not_an_answer"

    def __init__(self, role: str) -> None:
        super().__init__(
            f"message_id: is a message of the {role}; only an assistant's answer is rated", field="message_id"
        )


class AttachmentNotFound(NotFound):
    """The conversation has no file of this digest."""

    code = "attachment_not_found"

    def __init__(self, digest: str) -> None:
        super().__init__(f"no attachment {digest!r:.80} in this conversation; conversations.attach(…) stores one")
        self.digest = digest


class AttachmentRefused(InvalidInput):
    """The bytes are not what they are said to be, or of a kind or size that is not kept."""

    code = "attachment_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"data: {reason}", field="data")
