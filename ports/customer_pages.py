"""Turning what a customer's page shows into HTML."""

from dataclasses import dataclass
from typing import Protocol

from domain.model.customer_page import PageContent, PageProblem


@dataclass(frozen=True)
class PageFrame:
    """What the page needs beside its content: its own `path`, the signed `form` that its buttons send back, and what
    went wrong with what was asked just before.
    """

    path: str
    form: str
    problem: PageProblem | None = None


@dataclass(frozen=True)
class RenderedPage:
    """HTML without scripts and inline styles. `logo_origin` is where its picture comes from."""

    html: str
    language: str
    logo_origin: str | None = None


class CustomerPages(Protocol):
    """Writes customers' pages."""

    def render(self, content: PageContent, frame: PageFrame) -> RenderedPage:
        """The page in the first of the content's languages that we speak, else in English. Nothing in the content can
        become markup.
        """

    def language_of(self, content: PageContent) -> str:
        """The language that the page is in, without a region (`de`): for Stripe's pages."""
