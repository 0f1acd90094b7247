"""How a served model is asked: by curl, from Python, from a spreadsheet; each ready to be pasted.

Names and values of the user's stand in the code as literals of its language alone.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# In this order: the first of them is in the others' codes.
_M_CODES = (("#(", "#(#)("), ('"', '""'), ("\n", "#(lf)"), ("\r", "#(cr)"), ("\t", "#(tab)"))


@dataclass(frozen=True)
class Snippet:
    """A way to ask.

    Attributes:
        name: what people call it.
        language: of the code.
        how: what to do with it, in one sentence.
        code: to be pasted.
    """

    name: str
    language: str
    how: str
    code: str


def snippets(address: str, target: str, row: Mapping[str, Any]) -> tuple[Snippet, ...]:
    """Every way there is.

    Args:
        address: of the server, without a path.
        target: what is predicted.
        row: a row to begin with, of JSON values.
    """
    return (
        Snippet("curl", "sh", "Paste it into a terminal.", _curl(address, row)),
        Snippet("Python", "python", "Needs nothing but Python itself.", _python(address, row)),
        Snippet(
            "Spreadsheet",
            "powerquery",
            "In Excel: make your rows a table named Rows, then Data, Get Data, Blank Query, Advanced Editor. Other "
            "spreadsheets: save the rows as csv and drop the file under “Score a file”.",
            _power_query(address, target),
        ),
    )


def image_snippets(address: str) -> tuple[Snippet, ...]:
    """Every way to ask a network of images.

    Args:
        address: of the server, without a path.
    """
    return (
        Snippet(
            "curl",
            "sh",
            "Paste it into a terminal, with the name of a picture of yours.",
            f"curl {address}/v1/predict \\\n  -H 'Content-Type: image/png' \\\n  --data-binary @picture.png",
        ),
        Snippet(
            "Python",
            "python",
            "Needs nothing but Python itself, and a picture of yours.",
            f"""\
import json
from urllib.request import Request, urlopen

with open("picture.png", "rb") as picture:
    request = Request(
        {address + "/v1/predict"!r},
        data=picture.read(),
        headers={{"Content-Type": "image/png"}},
    )
with urlopen(request) as answer:
    print(json.load(answer)["predictions"][0])
""",
        ),
    )


def _curl(address: str, row: Mapping[str, Any]) -> str:
    body = shlex.quote(json.dumps({"rows": [dict(row)]}, ensure_ascii=False))
    return f"curl {address}/v1/predict \\\n  -H 'Content-Type: application/json' \\\n  -d {body}"


def _python(address: str, row: Mapping[str, Any]) -> str:
    cells = "".join(f"    {key!a}: {value!a},\n" for key, value in row.items())
    return f"""\
import json
from urllib.request import Request, urlopen

row = {{
{cells}}}
request = Request(
    {address + "/v1/predict"!r},
    data=json.dumps({{"rows": [row]}}).encode(),
    headers={{"Content-Type": "application/json"}},
)
with urlopen(request) as answer:
    print(json.load(answer)["predictions"][0])
"""


def _power_query(address: str, target: str) -> str:
    return f"""\
let
  Rows = Excel.CurrentWorkbook(){{[Name="Rows"]}}[Content],
  Answer = Json.Document(Web.Contents({_m(address + "/v1/predict")}, [
    Headers = [#"Content-Type" = "application/json"],
    Content = Json.FromValue([rows = Table.ToRecords(Rows)])
  ])),
  Values = List.Transform(Answer[predictions], each [value]),
  Predicted = Table.FromColumns(
    Table.ToColumns(Rows) & {{Values}},
    Table.ColumnNames(Rows) & {{{_m("predicted " + target)}}}
  )
in
  Predicted"""


def _m(text: str) -> str:
    """A text in the language of Power Query, where ``#(`` begins a code.

    >>> _m('a "b" #(c)')
    '"a ""b"" #(#)(c)"'
    """
    for part, code in _M_CODES:
        text = text.replace(part, code)
    return f'"{text}"'
