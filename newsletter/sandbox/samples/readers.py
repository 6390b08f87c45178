"""Invented readers at example addresses (RFC 2606), the same ones every time."""

import csv
import itertools
import random
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


DOMAINS = ("example.com", "example.org", "example.net")
FIRST_NAMES = _names(
    "Ada Amir Anouk Astrid Bao Bruno Carmen Chidi Dalia Daniel Edda Emre Farah Felix Gita Goran "
    "Hana Hugo Ines Ivo Jamila Jonas Kaja Kofi Lena Luis Maren Mateo Nadia Niels Olga Omar Pia "
    "Ravi Rosa Sami Selma Tariq Tova Yuki"
)
LAST_NAMES = _names(
    "Abara Adler Almeida Arslan Bakker Benali Berg Castell Chandra Dahl Danso Ekholm Farkas "
    "Fischer Galvan Haddad Holm Ibarra Ivanov Jansen Kaya Keller Kimura Kovac Larsen Lindt Lopez "
    "Mbeki Moreau Nakata Navarro Novak Okafor Olsen Osman Petrov Quist Rahman Rossi Sato Silva "
    "Soto Tanaka Tengku Ueda Vidal Weber Yilmaz Zaman Zeller"
)
TRACKING = ("yes", "", "no")
"""Linked to the reader, only counted, or off; as the import's column says it."""
TRACKING_WEIGHTS = (60, 30, 10)
MUTED = ("", "papers", "benchmarks trending")
MUTED_WEIGHTS = (88, 8, 4)
MOST = len(FIRST_NAMES) * len(LAST_NAMES) * len(DOMAINS)


@dataclass(frozen=True, slots=True)
class InventedReader:
    """A row of the CSV file; the fields are its header."""

    email: str
    name: str
    tracking_consent: str
    muted: str


def invented_readers(count: int, *, seed: int = 1) -> Iterator[InventedReader]:
    """Yield `count` readers, no address twice. Raises ValueError for more than `MOST`."""
    if count > MOST:
        raise ValueError(f"There are {MOST:,} invented readers, not {count:,}.")
    chance = random.Random(seed)
    places = list(itertools.product(FIRST_NAMES, LAST_NAMES, DOMAINS))
    for first, last, domain in chance.sample(places, count):
        yield InventedReader(
            email=f"{first}.{last}@{domain}".lower(),
            name=f"{first} {last}",
            tracking_consent=chance.choices(TRACKING, TRACKING_WEIGHTS)[0],
            muted=chance.choices(MUTED, MUTED_WEIGHTS)[0],
        )


def write_readers(path: Path, count: int) -> list[str]:
    """Write a CSV file for the import; return the addresses in it."""
    readers = list(invented_readers(count))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(InventedReader))
        writer.writerows(astuple(reader) for reader in readers)
    return [reader.email for reader in readers]
