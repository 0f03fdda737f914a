"""The pages of what was sent: its receipt, and the question before it is taken back."""

from __future__ import annotations

from hub.connectors.upload import words
from hub.connectors.upload.kept import Upload
from hub.connectors.upload.pages import Site, notice
from hub.markup import Html, el

__all__ = ["pull_back", "receipt"]


def receipt(site: Site, upload: Upload, left: str = "") -> str:
    """Of one upload. `left`: address of the check whose rows with a problem still wait."""
    going = upload.state in ("sending", "withdrawing")
    facts = [
        ("Receipt number", el("span", upload.id, class_="id")),
        ("File", upload.file or "(forgotten)"),
        ("Sent by", upload.who),
        ("Sent", site.time(upload.began)),
        ("Received by the hub", site.time(upload.ended) if upload.ended else "not yet"),
        ("Rows", f"{upload.rows:,}"),
        ("Recorded", ", ".join(words.kinds(upload.counts)) or ("not yet" if not upload.ended else "nothing")),
    ]
    if upload.noted:
        facts.append(("Taken, but", words.noted(upload.noted)))
    if upload.pulled:
        facts += [("Taken back by", upload.pulled_by or ""), ("Taken back", site.time(upload.pulled))]
    listed = el("dl", *[el("div", el("dt", name), el("dd", value)) for name, value in facts])
    doing = [] if going else [
        el("button", "Print", type="button", class_="with-script", data_print=True),
        el("a", "Save the receipt", href=f"{site.at}/uploads/{upload.id}/receipt.json", class_="button", download=True),
    ]  # fmt: skip
    if upload.state == "sent":
        doing.append(
            el("a", "Take this list back …", href=f"{site.at}/uploads/{upload.id}/pull-back", class_="button away")
        )
    return site.document(
        "Receipt",
        el("h1", "Receipt"),
        _said_of(upload),
        notice("plain", el("p", "Some rows of this list still wait for you. ", el("a", "Go on with them", href=left)))
        if left
        else None,
        el("section", listed, el("div", *doing, class_="doing") if doing else None, class_="card receipt"),
        el("p", el("a", "Send another list, or see all receipts", href=f"{site.at}/"), class_="screen-only"),
        step=3,
    )


def _said_of(upload: Upload) -> Html:
    refused = upload.undone.get("refused", 0) if upload.pulled else upload.counts.get("refused", 0)
    odd = _tell_somebody(refused) if refused else None
    if upload.state == "sending":
        return notice("plain", el("p", "Your list is written down and on its way. Wait here or leave: it goes on by itself, "
                                       "and the receipt will be among yours."))  # fmt: skip
    if upload.state == "withdrawing":
        return notice("plain", el("p", "The list is being taken back. This goes on by itself."))
    if upload.state == "withdrawn":
        return notice("good", el("p", el("strong", "This list was taken back."), " ", _undone(upload)), odd)
    return notice("good", el("p", el("strong", "The hub has your list.")), odd)


def _tell_somebody(count: int) -> Html:
    records = words.plural(count, "record", "records")
    return el(
        "p", f"{records} could not be changed this way. Please tell who set this page up, with the receipt number."
    )


def _undone(upload: Upload) -> str:
    done = upload.undone
    told = [f"{words.plural(done.get('withdrawn', 0), 'record', 'records')} withdrawn"]
    if done.get("restored"):
        told.append(f"{done['restored']:,} set back to what an earlier list says")
    if done.get("kept"):
        told.append(f"{done['kept']:,} left as they are, because another list says them too")
    if done.get("erased"):
        told.append(f"{done['erased']:,} erased before at a person’s request")
    return "; ".join(told) + "."


def pull_back(site: Site, upload: Upload) -> str:
    """The question before a list is taken back."""
    sure = site.form(
        f"/uploads/{upload.id}/pull-back", el("button", "Yes, take it back", class_="main away"), class_="inline"
    )
    keep = el("a", "No, keep it", href=f"{site.at}/uploads/{upload.id}", class_="button")
    return site.document(
        "Take this list back?",
        el("section",
           el("h1", "Take this list back?"),
           el("p", "You sent ", el("strong", upload.file or upload.id), " on ", site.time(upload.began),
              f", {words.plural(upload.rows, 'row', 'rows')}."),
           el("p", "What only this list says will be withdrawn, and all that was worked out from it is worked out anew. What other "
                   "lists of your organization say stays. You can send the right list before or after."),
           el("div", sure, keep, class_="doing"),
           class_="card narrow"),
    )  # fmt: skip
