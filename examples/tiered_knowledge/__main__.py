"""`uv run python examples/tiered_knowledge`: one library, five people, in a new encrypted file that is thrown away."""

import tempfile

from app import Library
from model import ScriptedModel

import holdfast
from holdfast.samples import load


def main() -> None:
    """Tell the story."""
    with (
        tempfile.TemporaryDirectory() as folder,
        holdfast.create(f"sqlite:///{folder}/library.db", key="a passphrase of your own") as store,
    ):
        firm = load(store, "tiered_knowledge")
        library = Library(store, ScriptedModel(), tenant=firm.tenant)
        print(f'"{firm.question}", asked by five people:')
        for name in ("joko", "dewi", "sari", "bima", "ratna"):
            me = library.person(f"{name}@lentera.test")
            chat = me.conversations.create(title="Prices")
            answer = library.ask(me, chat.id, firm.question, request_id=f"q-{name}")
            levels = "".join(sorted(me.scope.levels)) or "nothing"
            print(f"  {name} ({levels}): {', '.join(f'{title} [{level}]' for title, level in answer.read) or '–'}")

        sari = library.person("sari@lentera.test")
        print("\nCodes for coffee:", ", ".join(f"{one.code} {one.title}" for one in library.find_codes(sari, "coffee")))
        old = library.code(sari, "62010", repealed=True)
        print(f"62010: {library.code(sari, '62010')}; asked for, repealed ones too: now {old and old.replaced_by}")

        ratna = library.person("ratna@lentera.test")
        print(
            "\nPrice lists:", *(f"{one.scope.role} reads {[*library.prices(one)]}" for one in (sari, ratna)), sep="\n  "
        )
        public = next(one for one in ratna.knowledge.documents("library").items if one.title.startswith("What our"))
        library.reclassify(ratna, public.id, "A")
        print(f"  after the public one was moved to level A, Sari reads {[*library.prices(sari)]}")

        library.remember(sari, "team", "permits")
        facts, count = library.known(sari)
        print(f"\nKnown of Sari, newest first: {[(fact.key, fact.value) for fact in facts]}, {count} in all")


if __name__ == "__main__":
    main()
