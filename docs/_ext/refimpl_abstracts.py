"""What the papers promise, from `refimpl/specs/papers.toml` and the ledger of claims.

.. refimpl-abstracts::           what each abstract says, and the claims that check it, or why none does
.. refimpl-rivals:: search       the systems of a chapter: the main promise of each, beside a plain rival
"""

import zlib
from pathlib import Path

from refimpl_claims import standing
from refimpl_docs import Tables, code, marked_up, paragraph, sentence, table
from refimpl_pages import folded

from refimpl.oracle import catalog


class Abstracts(Tables):
    """The statements of all abstracts."""

    required_arguments = 0

    def run(self):
        """How many there are, and how many are checked; a fold for each paper."""
        self.env.note_reread()
        ledger = self.committed("_data/claims.json")
        papers = [entry for entry in catalog.papers() if entry.statements]
        said = [statement for entry in papers for statement in entry.statements]
        whole = sum(bool(s.claims) and not s.why for s in said)
        part = sum(bool(s.claims) and bool(s.why) for s in said)
        none = len(said) - whole - part
        head = paragraph(
            f"{len(said)} statements of {len(papers)} abstracts: {whole} are checked, {part} in part or for something "
            f"smaller, {none} are not, each with its reason."
        )
        return [head, *(node for entry in papers for node in self.paper(entry, ledger))]

    def paper(self, entry, ledger):
        """The statements of an abstract."""
        checked = sum(bool(s.claims) for s in entry.statements)
        system = catalog.system(entry.name)
        claims = {claim.id: claim for claim in system.claims}
        rows = []
        for statement in entry.statements:
            found = [
                paragraph(self.page(system, code(name)), " ", *standing(ledger.get(name), claims[name]))
                for name in statement.claims
            ]
            why = [paragraph(*marked_up(statement.why), classes=["dim"])] if statement.why else []
            rows.append([tuple(marked_up(statement.says)), [*found, *why]])
        body = table((50, 50), ("The abstract says", "Checked by, or why not"), rows)
        yield folded(f"{entry.name}: {entry.title} ({checked} of {len(rows)} checked)", body)


class Rivals(Tables):
    """The systems of a chapter, each beside a rival."""

    def run(self):
        """A row for each system, by its headline in the list of papers."""
        self.env.note_reread()
        (chapter,) = self.arguments
        entries = [entry for entry in catalog.papers() if entry.chapter == chapter and entry.headline]
        if not entries:
            raise self.error(f"no paper of a chapter {chapter!r} has a headline")
        ledger, rows = self.committed("_data/claims.json"), []
        for entry in entries:
            (claim,) = catalog.claims([entry.headline])
            name = self.page(catalog.system(entry.name), code(entry.name))
            stood = paragraph(code(claim.id), " ", *standing(ledger.get(claim.id), claim))
            beside = marked_up(sentence(claim.control or "nothing"))
            rows.append([name, [paragraph(*marked_up(sentence(claim.statement))), stood], tuple(beside)])
        return [table((18, 38, 44), ("System", "Its promise, and whether it held", "Beside it"), rows)]


def setup(app):
    """Register the directives."""
    app.add_directive("refimpl-abstracts", Abstracts)
    app.add_directive("refimpl-rivals", Rivals)
    version = zlib.crc32(Path(__file__).read_bytes())
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": version}
