"""What programs of FHIR tell alike: where a resource stands in its file, and the outcomes of a file resource by resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hub.formats import fhir
from hub.formats.fhir import Broken, Resource
from hub.mapping.program import Mapped, guarded, ignored

__all__ = ["each_resource", "position"]


def position(file: str, number: int, path: str) -> dict[str, str | int]:
    """`where` of an outcome: the file, the number of the document in it, and the path within a document of several resources."""
    where: dict[str, str | int] = {"file": file, "message": number}
    if "." in path:
        where["path"] = path
    return where


def each_resource(
    file: str,
    data: bytes,
    map_item: Callable[[Resource | Broken], list[Mapped]],
    locate: Callable[[Resource | Broken], tuple[Mapping[str, str | int], bytes]],
    *,
    empty: bytes,
) -> Iterator[Mapped]:
    """The outcomes of every resource of a file's `data`; of one that holds none, ignored (`empty`) with the original `empty`: an
    answer of a server that has nothing new."""
    told = False
    for mapped in guarded(fhir.read(data), map_item, locate):
        told = True
        yield mapped
    if not told:
        yield ignored("empty", {"file": file}, empty)
