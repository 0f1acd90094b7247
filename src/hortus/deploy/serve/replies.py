"""What the server answers with, as models: they are checked by nobody at run time and tell OpenAPI what comes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Label = bool | int | float | str


class Problem(BaseModel):
    """One thing that cannot be used."""

    code: str = Field(description="A stable name for programs.")
    column: str | None = Field(description="The column it is about, as in the training table.")
    row: int | None = Field(description="Position in the request's rows, from 0.")
    came: str = Field(description="What was sent.")
    wanted: str = Field(description="What is understood.")
    mend: str = Field(description="One thing to do about it.")


class Refusal(BaseModel):
    """Why nothing was done."""

    code: str = Field(description="A stable name for programs.")
    what: str = Field(description="What was seen.")
    mend: str = Field(description="One thing to do about it.")
    problems: list[Problem] = Field(description="Cell by cell, the first twenty.")


class Remark(BaseModel):
    """Something odd about a row that was predicted all the same."""

    code: str
    column: str | None
    what: str


class Prediction(BaseModel):
    """One row's."""

    value: Label | None = Field(description="A class as in the training table, or a number; null where none is finite.")
    probabilities: dict[str, float] | None = Field(description="Of each class; null for a regression.")
    warnings: list[Remark]


class Predictions(BaseModel):
    """In the order of the rows."""

    target: str
    predictions: list[Prediction]
    warnings: list[Remark] = Field(description="About the request as a whole.")


class ColumnReply(BaseModel):
    """One column that a row has."""

    name: str
    kind: Literal["numeric", "boolean", "categorical", "date", "text"]
    wanted: str = Field(description="What a cell may be, in words.")
    null: bool = Field(description="Whether null is understood.")
    typical: Any = Field(description="A cell to begin with; null where none is known.")
    low: Any = Field(description="The least value of the training table; null where none is known.")
    high: Any = Field(description="The greatest value of the training table; null where none is known.")
    categories: list[str] = Field(description="Those of the training table, the most frequent first.")
    complete: bool = Field(description="Whether the categories are all that the training table had.")


class SchemaReply(BaseModel):
    """What the model predicts, and from what."""

    target: str
    task: Literal["binary", "multiclass", "regression"]
    classes: list[Label]
    columns: list[ColumnReply]
    ignored: list[str] = Field(description="Columns of the training table that the model does not look at.")
    most_rows: int
    most_bytes: int
    metric: str
    score: float | None = Field(description="Of the model, estimated on rows it had not seen; greater is better.")
    versions: dict[str, str] = Field(description="Of the libraries that made the model.")


class Taken(BaseModel):
    """What a network of any kind takes, and what it is."""

    channels: int = Field(description="1 without colours, 3 with.")
    height: int = Field(description="Pixels that every image is brought to.")
    width: int
    whole: bool = Field(description="Whether it learned from whole bytes, 0 to 255, as pictures have them.")
    takes: list[str] = Field(description="Content types of pictures; none where it did not learn from pictures.")
    most_images: int
    most_bytes: int
    most_pixels: int = Field(description="Of one picture.")
    metric: str
    score: float | None = Field(description="Of the model, estimated on images it had not seen; greater is better.")
    network: str = Field(description="What it is, in one line.")
    versions: dict[str, str] = Field(description="Of the libraries that made the model.")


class ImageSchemaReply(Taken):
    """What a model of images predicts, and from what."""

    target: str
    task: Literal["binary", "multiclass"]
    classes: list[Label]


class MaskClass(BaseModel):
    """What a number of a mask means."""

    name: str
    index: int = Field(description="In the masks of answers, from 0.")
    value: int = Field(description="In the masks of training.")
    colour: str = Field(description="In the palette of the masks of answers: #rrggbb.")


class SceneSchemaReply(Taken):
    """What a model of scenes predicts, and from what."""

    target: str
    task: Literal["segmentation"]
    classes: list[MaskClass]


class Mask(BaseModel):
    """One picture's."""

    mask: str | None = Field(
        description="A PNG in base64, as large as the picture: each pixel the index of its class, the palette its "
        "classes' colours; null where the network's answer is no number."
    )
    width: int
    height: int
    shares: dict[str, float] | None = Field(description="Of the pixels, by the name of their class.")
    confidence: float | None = Field(description="The mean probability of the class that a pixel was given.")
    overlay: str | None = Field(
        description="A PNG in base64: the picture with its mask over it, at most 1024 pixels a side; null unless asked."
    )
    warnings: list[Remark]


class Masks(BaseModel):
    """In the order of the images."""

    target: str
    predictions: list[Mask]
    warnings: list[Remark] = Field(description="About the request as a whole.")


class CountersReply(BaseModel):
    """What the server has done since it started."""

    since: float = Field(description="When it started, in seconds since 1970.")
    requests: int = Field(description="For predictions, the refused among them.")
    rows: int = Field(description="Predicted.")
    refused: int = Field(description="Requests that were not answered with predictions.")
    median_ms: float | None = Field(description="Of the last 1,000 answers; null before the first.")
    slow_ms: float | None = Field(description="What 95 of 100 of these took no longer than.")
    last_ms: list[float] = Field(description="Of the last 60 answers, in their order.")
    outside: dict[str, int] = Field(
        description="Rows with a value that the training table never had, by column; images unlike those, by how."
    )


class Status(BaseModel):
    """How the server is."""

    status: str
