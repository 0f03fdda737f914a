"""What a reviewer sees beside a registry that identify has open (equity-identity.md, requirement 27), on both databases."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from hub.domain.events import PersonBlock
from hub.domain.ids import Ids
from hub.domain.linkage.model import shipped_model
from hub.errors import RetryError
from hub.identity.linker import Sighting
from hub.identity.linking import Linking
from hub.identity.registry import Registry, mint_person_key
from hub.identity.review_desk import ReviewDesk
from hub.privacy.vault import Vault
from tests.domain.linkage.people import ANA, block, version
from tests.identity.conftest import Places
from tests.identity.sql_stores import KEK
from tests.identity.test_reviews import said

IDS = Ids(b"i" * 32)
SHELTER = {"address_line": "9 Mission Road", "postal_code": "97402"}


def sighting(token: str, told: PersonBlock | None) -> Sighting:
    return Sighting(token, "hmis-csv", version(1), local_id=f"id-{token}", block=told)


def guest(number: int) -> PersonBlock:
    """One of many at one address."""
    born = date(1950 + number, 3, 1 + number)
    return block(
        given_name=f"Given{'abcdefgh'[number]}", family_name=f"Name{'stuvwxyz'[number]}", birth_date=born, **SHELTER
    )


def test_r27_the_desk_tells_what_identify_keeps(places: Places, tmp_path: Path) -> None:
    where, model = places.of(tmp_path), shipped_model()
    with closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault:
        linking = Linking(model, IDS, mint_person_key)
        with closing(Registry(where, vault, linking=linking)) as registry:
            with registry.batch() as batch:
                batch.link_store.put_model(linking.made_by)
                batch.hear([said(1, "ana1", "ana2", "same"), said(2, "ana1", "guest0", "different")])
                alike = [sighting(each, block(**(ANA | SHELTER))) for each in ("ana1", "ana2")]
                batch.see(
                    [*alike, *(sighting(f"guest{number}", guest(number)) for number in range(7)), sighting("new", None)]
                )
            with closing(ReviewDesk(where, vault, IDS, model)) as desk:
                assert desk.weighed()
                assert desk.taken() == 2
                assert desk.begins("ana", 9) == ["ana1", "ana2"]
                assert desk.begins("guest0", 9) == ["guest0"]
                assert desk.begins("%", 9) == []
                assert desk.standing("ana1", "ana2") == (True, (2, 2))
                assert desk.standing("ana1", "guest0") == (False, (2, 1))
                assert desk.standing("ana1", "nobody") == (False, (2, 0))
                (why, silent) = desk.explained([("ana1", "ana2"), ("ana1", "new")])
                assert why.shared == ("address",)  # of a shelter: it says nothing
                assert "address" not in {part.field for part in why.parts}
                assert (why.together, why.grade) == (True, "match")
                assert silent.parts == ()
                assert desk.agreement() == {("same", "match"): 1, ("different", "none"): 1}
                left, right = desk.revealed("ana1", "nobody")
                assert left is not None
                assert (left.source, left.local_id, left.told.postal_code) == ("hmis-csv", "id-ana1", "97402")
                assert right is None
                assert desk.contradicted() == []
                assert desk.questions() == []


def test_there_is_no_desk_before_identify_made_the_registry(places: Places, tmp_path: Path) -> None:
    with (
        closing(Vault(tmp_path / "keys.sqlite", KEK)) as vault,
        pytest.raises(RetryError, match="there is no registry"),
        closing(ReviewDesk(places.of(tmp_path), vault, IDS, shipped_model())) as desk,
    ):
        desk.questions()
