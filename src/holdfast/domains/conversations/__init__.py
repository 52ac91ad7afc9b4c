"""Conversations: the append-only log of what was said, and all that is asked of it."""

from holdfast.domains.conversations import background, counting, measuring, workspaces  # noqa: F401  # they register themselves
from holdfast.domains.conversations.actions import Conversations
from holdfast.domains.conversations.models import (
    Attachment,
    Context,
    Conversation,
    Feedback,
    Hit,
    Message,
    NewMessage,
    Summary,
    Verification,
    Visible,
)

__all__ = [
    "Attachment",
    "Context",
    "Conversation",
    "Conversations",
    "Feedback",
    "Hit",
    "Message",
    "NewMessage",
    "Summary",
    "Verification",
    "Visible",
]
