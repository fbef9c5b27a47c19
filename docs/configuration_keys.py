"""The reference of the configuration's keys, made of its JSON Schema.

`python docs/configuration_keys.py` writes it into docs/configuration.md, between the two comments that name this file; a test says whether it is
current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "configuration.md"
SCHEMA: Final = ROOT / "schemas" / "wireproof" / "config.schema.json"
BEGIN: Final = "<!-- made of the schema by docs/configuration_keys.py -->\n"
END: Final = "<!-- end of what docs/configuration_keys.py makes -->\n"
_PLAIN: Final = {"string": "text", "boolean": "true or false", "number": "number", "array": "list", "object": "table"}


def renewed(page: str, schema: Mapping[str, Any]) -> str:
    """The text of the page with the reference of this schema in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n" + "\n".join(_reference(schema)) + f"\n{END}{after}"


def _reference(schema: Mapping[str, Any]) -> Iterator[str]:
    target = schema["$defs"]["target"]["properties"]
    shared = [key for key in target if key in schema["properties"]]
    yield "## Keys of a target"
    yield ""
    yield from _table(schema, [key for key in target if key not in shared])
    yield "## Keys of a target, or at the top for all that do not say otherwise"
    yield ""
    yield from _table(schema, shared)


def _table(schema: Mapping[str, Any], keys: list[str]) -> Iterator[str]:
    yield "| key | value | meaning |"
    yield "|---|---|---|"
    for key in keys:
        said = schema["$defs"]["target"]["properties"][key]
        whole = {**_led(schema, said), **said}
        yield f"| `{key}` | {_value(schema, whole)} | {whole['description']} |"
    yield ""


def _led(schema: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference leads to, and what that leads to."""
    if "$ref" not in said:
        return dict(said)
    inner = schema["$defs"][said["$ref"].rpartition("/")[2]]
    return {**_led(schema, inner), **inner}


def _value(schema: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """What may stand there, in few words."""
    whole = {**_led(schema, said), **said}
    if "enum" in whole:
        return ", ".join(f"`{one}`" for one in whole["enum"])
    if "const" in whole:
        return f"`{json.dumps(whole['const'])}`"
    if "anyOf" in whole:
        return ", or ".join(dict.fromkeys(_value(schema, one) for one in whole["anyOf"]))
    kind = whole["type"]
    if kind == "array":
        return f"list of {_value(schema, whole['items'])}"
    if kind == "object":
        names = whole.get("propertyNames", {}).get("enum")
        inner = whole.get("additionalProperties")
        of = f" of {_value(schema, inner)}" if isinstance(inner, Mapping) and not names else ""
        return "table" + (f" with {', '.join(f'`{one}`' for one in names)}" if names else of)
    least = f", at least {whole['minimum']:g}" if "minimum" in whole else ""
    return _PLAIN[kind] + least


if __name__ == "__main__":
    PAGE.write_text(
        renewed(PAGE.read_text(encoding="utf-8"), json.loads(SCHEMA.read_text(encoding="utf-8"))), encoding="utf-8"
    )
