"""What runs in the environment of the hashed lane (`make setup-hashed`): clkhash and anonlink, and nothing of the hub.

Started by hub.identity.hashed.library with this file's path. One request on stdin, one answer on stdout, both JSON:
`{"do": "hash", "secret", "asked": [{"schema", "rows"}]}` gives `{"filters": [[base64 of each row] of each asked]}`;
`{"do": "alike", "left", "right", "dice", "most"}` gives `{"pairs": [[place in left, place in right, Dice], …]}`. Secret and
filters are base64. The secret comes through the pipe: never by the command line, the environment or a file of ours.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from typing import Any

from anonlink.candidate_generation import find_candidate_pairs
from anonlink.similarities import dice_coefficient
from bitarray import bitarray
from clkhash.clk import hash_chunk
from clkhash.key_derivation import generate_key_lists
from clkhash.schema import from_json_dict


def hashed(request: dict[str, Any]) -> dict[str, Any]:
    """Each schema has keys of its own, by the `info` of its key derivation: a value's bits in one filter say nothing of its bits in
    another."""
    filters = []
    for asked in request["asked"]:
        schema = from_json_dict(asked["schema"])
        keys = generate_key_lists(
            b64decode(request["secret"]),
            len(schema.fields),
            key_size=schema.kdf_key_size,
            salt=schema.kdf_salt,
            info=schema.kdf_info,
            hash_algo=schema.kdf_hash,
        )
        found, _ = hash_chunk(asked["rows"], keys, schema)
        filters.append([b64encode(one.tobytes()).decode() for one in found])
    return {"filters": filters}


def alike(request: dict[str, Any]) -> dict[str, Any]:
    """The pairs from this Dice coefficient on, of each record at most the `most` best."""
    sides = [[_bits(each) for each in request[side]] for side in ("left", "right")]
    if not all(sides):
        return {"pairs": []}
    found, _, (left, right) = find_candidate_pairs(sides, dice_coefficient, request["dice"], k=request["most"])
    return {"pairs": [list(pair) for pair in zip(left, right, found, strict=True)]}


def _bits(text: str) -> Any:
    bits = bitarray()
    bits.frombytes(b64decode(text))
    return bits


if __name__ == "__main__":
    told = json.load(sys.stdin)
    json.dump({"hash": hashed, "alike": alike}[told["do"]](told), sys.stdout)
