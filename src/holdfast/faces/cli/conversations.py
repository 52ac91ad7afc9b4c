"""`holdfast conversations`: list, show, search, context."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.text import Text

from holdfast.domains.conversations.models import Message
from holdfast.domains.conversations.snippets import MARK
from holdfast.faces.cli.embedding import embed_all
from holdfast.faces.cli.output import AsJson, console, show_json, show_list
from holdfast.faces.cli.target import Target

app = typer.Typer(no_args_is_help=True)

Limit = Annotated[int, typer.Option(help="How many at most.")]
ConversationId = Annotated[str, typer.Argument(metavar="ID", help="The conversation's id, as `list` shows it.")]
_COLOURS = {"user": "cyan", "assistant": "green", "system": "dim", "tool": "magenta"}


@app.command(name="list")
def list_conversations(
    context: typer.Context,
    limit: Limit = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.")] = None,
    status: Annotated[str | None, typer.Option(help="ACTIVE, ARCHIVED, CLOSED or DELETED")] = None,
    as_json: AsJson = False,
) -> None:
    """List your conversations, the most recently active first."""
    target: Target = context.obj
    with target.person() as me:
        page = me.conversations.list(limit=limit, cursor=cursor, status=status)  # type: ignore[arg-type]  # checked there
    show_list(
        page,
        ("last active", "id", "messages", "status", "title"),
        (
            (
                f"{item.active_at:%Y-%m-%d %H:%M}",
                str(item.id),
                str(item.message_count),
                item.status.lower(),
                escape(item.title or "(untitled)") + (" [dim](fork)[/dim]" if item.parent_id else ""),
            )
            for item in page.items
        ),
        as_json=as_json,
        again="conversations list",
    )


@app.command()
def show(context: typer.Context, conversation: ConversationId, last: Limit = 50, as_json: AsJson = False) -> None:
    """Show the latest messages of a conversation."""
    target: Target = context.obj
    with target.person() as me:
        found = me.conversations.get(conversation)
        messages = me.conversations.last(conversation, last)
    if as_json:
        show_json({"conversation": found, "messages": messages})
        return
    console.print(f"[bold]{escape(found.title or '(untitled)')}[/bold]  {found.message_count} messages")
    for message in messages:
        print_message(message)


def print_message(message: Message) -> None:
    """One message, its role in colour."""
    colour = _COLOURS[message.role]
    console.print(
        f"\n[{colour}]{message.role}[/{colour}] [dim]{message.seq} · {message.created_at:%Y-%m-%d %H:%M}[/dim]"
    )
    kinds = ", ".join(str(part.get("type")) for part in message.parts or ())
    console.print(Text(message.content or f"({kinds})"))


@app.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Words; "a phrase", begin*, -without.')],
    conversation: Annotated[str | None, typer.Option(help="Only in this one.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Search your conversations, best matches first."""
    target: Target = context.obj
    with target.person() as me:
        hits = me.conversations.search(query, conversation=conversation, limit=limit)
    if as_json:
        show_json(hits)
        return
    for hit in hits:
        title = escape(hit.conversation_title or "(untitled)")
        console.print(f"[bold]{title}[/bold] [dim]{hit.message.conversation_id} · message {hit.message.seq}[/dim]")
        console.print(highlighted(hit.snippet), soft_wrap=True)
    console.print(f"[dim]{len(hits)} found[/dim]" if hits else "Nothing found. Fewer words, or begin* finds more.")
    for note in hits.notes:
        console.print(note, markup=False)


@app.command()
def embed(context: typer.Context, as_json: AsJson = False) -> None:
    """Give vectors to messages that wait for them, so that they are found by meaning; needs HOLDFAST_MESSAGE_EMBEDDER.

    A stopped run is gone on with by the same command.
    """
    target: Target = context.obj
    with target.person() as me:
        embed_all(me.conversations.embed_some, "messages", 'holdfast … conversations search "a question"', as_json)


def highlighted(snippet: str) -> Text:
    """A snippet with its matches in colour."""
    text = Text()
    for n, piece in enumerate(snippet.split(MARK)):
        text.append(piece, style="bold yellow" if n % 2 else "")
    return text


@app.command(name="context")
def show_context(
    context: typer.Context,
    conversation: ConversationId,
    max_tokens: Annotated[int, typer.Option(help="The budget.")] = 4000,
    last: Annotated[int, typer.Option(help="How many of the latest messages to consider.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what a model would be told: summary, last messages, what other rooms add, and what was left out."""
    target: Target = context.obj
    with target.person() as me:
        found = me.conversations.context(conversation, max_tokens=max_tokens, last=last)
    if as_json:
        show_json(found)
        return
    if found.summary is not None:
        console.print(f"[bold]Summary[/bold] (messages {found.summary.first_seq} to {found.summary.through_seq})")
        console.print(Text(found.summary.text))
    for message in found.messages:
        print_message(message)
    for kind in ("facts", "passages", "decisions", "metrics"):
        for item in getattr(found, kind):
            console.print(Text(f"{kind}: {item.text}"))
    console.print(f"\n[dim]{found.tokens} of {max_tokens} tokens[/dim]")
    for left_out in found.left_out:
        console.print(f"[dim]left out: {left_out.what}: {left_out.reason}[/dim]")
