import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from emails.sections.base import Section
from emails.sections.parts import Headline, Line, Markdown, Names, Part, Url

# arXiv's identifiers: 2604.01230v2 since April 2007, math.GT/0309136 before.
_ARXIV = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?")
_ARXIV_PREFIX = re.compile(r"(arxiv:|https?://arxiv\.org/abs/)\s*", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}/[^\s<>\"`\\^{|}]+")
_DOI_PREFIX = re.compile(r"(doi:|https?://(dx\.)?doi\.org/)\s*", re.IGNORECASE)


def _bare(value: object, prefix: re.Pattern[str]) -> object:
    return prefix.sub("", value.strip(), count=1) if isinstance(value, str) else value


def _arxiv(value: str) -> str:
    if not _ARXIV.fullmatch(value):
        raise PydanticCustomError("bad_arxiv", "must be an arXiv number such as 2604.01230")
    return value


def _doi(value: str) -> str:
    if not _DOI.fullmatch(value):
        raise PydanticCustomError("bad_doi", "must be a DOI such as 10.1000/182")
    return value


Arxiv = Annotated[str, BeforeValidator(lambda v: _bare(v, _ARXIV_PREFIX)), AfterValidator(_arxiv)]
Doi = Annotated[str, BeforeValidator(lambda v: _bare(v, _DOI_PREFIX)), AfterValidator(_doi)]


def _address(paper: Mapping[str, Any]) -> str | None:
    """Where a paper without `url` is found: its arXiv page, else its DOI."""
    arxiv, doi = _bare(paper.get("arxiv"), _ARXIV_PREFIX), _bare(paper.get("doi"), _DOI_PREFIX)
    if isinstance(arxiv, str) and _ARXIV.fullmatch(arxiv):
        return f"https://arxiv.org/abs/{arxiv}"
    if isinstance(doi, str) and _DOI.fullmatch(doi):
        return f"https://doi.org/{doi}"
    return None


MAX_ABSTRACT = 20_000
"""Characters; arXiv takes 1,920."""


class Paper(Part):
    """A paper. `abstract_format` holds for the title as well; `take` is the editor's one-liner."""

    title: Headline
    category: Line | None = None
    categories: Names = ()
    authors: Names = ()
    url: Url | None = None
    arxiv: Arxiv | None = None
    doi: Doi | None = None
    code: Url | None = None
    take: Markdown | None = None
    abstract_format: Literal["latex", "markdown", "text"] = "text"
    abstract: Annotated[str, Field(max_length=MAX_ABSTRACT)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_url(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("url") is None:
            return {**data, "url": _address(data)}
        return data


class Focus(Part):
    """One field only: the heading reads "Research Papers — Focused"."""

    category: Headline
    label: Headline


class Papers(Section):
    """Research papers with their abstracts."""

    kind: Literal["papers"] = "papers"
    items: tuple[Paper, ...] = ()
    focus: Focus | None = None

    def is_empty(self) -> bool:
        return not self.items
