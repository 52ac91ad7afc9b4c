"""What is loaded: for each kind of file its columns, the record that a row becomes, and the set that it goes into."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.domains.interop.reference.tables import date_of, given, rows_of

Record = dict[str, object]
_TEXT = {"type": "string"}
_NUMBER = {"type": "number", "minimum": 0}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file."""

    name: str
    about: str
    """What it is, and where it is published."""
    set_name: str
    key: str
    read: Callable[[Path], Iterator[Record]]
    properties: dict[str, Any] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    def definition(self) -> dict[str, Any]:
        """What its set is defined by."""
        members = {**self.properties, "weight": _NUMBER}
        schema = {"type": "object", "properties": members, "required": [self.key, "weight"]}
        return {
            "key": self.key,
            "schema": schema,
            "indexed": self.indexed,
            "text": self.text,
            "weight": "weight",
            "description": self.about,
        }


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _TEXT)


def _ndc_products(path: Path) -> Iterator[Record]:
    for row in rows_of(path, ("PRODUCTNDC", "PROPRIETARYNAME", "NONPROPRIETARYNAME"), delimiter="\t"):
        ended = date_of(row.get("ENDMARKETINGDATE"))
        yield given(
            ndc=row.get("PRODUCTNDC"),
            name=row.get("PROPRIETARYNAME"),
            generic=row.get("NONPROPRIETARYNAME"),
            kind=row.get("PRODUCTTYPENAME"),
            form=row.get("DOSAGEFORMNAME"),
            route=row.get("ROUTENAME"),
            labeler=row.get("LABELERNAME"),
            substance=row.get("SUBSTANCENAME"),
            strength=row.get("ACTIVE_NUMERATOR_STRENGTH"),
            unit=row.get("ACTIVE_INGRED_UNIT"),
            schedule=row.get("DEASCHEDULE"),
            category=row.get("MARKETINGCATEGORYNAME"),
            started=date_of(row.get("STARTMARKETINGDATE")),
            ended=ended,
            status="ended" if ended or row.get("NDC_EXCLUDE_FLAG") == "Y" else "active",
            weight=1,
        )


def _ndc_packages(path: Path) -> Iterator[Record]:
    for row in rows_of(path, ("PRODUCTNDC", "NDCPACKAGECODE", "PACKAGEDESCRIPTION"), delimiter="\t"):
        ended = date_of(row.get("ENDMARKETINGDATE"))
        yield given(
            ndc=row.get("NDCPACKAGECODE"),
            product=row.get("PRODUCTNDC"),
            description=row.get("PACKAGEDESCRIPTION"),
            sample=row.get("SAMPLE_PACKAGE"),
            started=date_of(row.get("STARTMARKETINGDATE")),
            ended=ended,
            status="ended" if ended or row.get("NDC_EXCLUDE_FLAG") == "Y" else "active",
            weight=1,
        )


_PLACE = "Provider {} Business Practice Location Address"
_SPECIALTIES = 15


def _providers(path: Path) -> Iterator[Record]:
    for row in rows_of(path, ("NPI", "Entity Type Code", "Healthcare Provider Taxonomy Code_1")):
        at = "Provider Business Practice Location Address"
        gone = row.get("NPI Deactivation Date") and not row.get("NPI Reactivation Date")
        yield given(
            npi=row.get("NPI"),
            entity={"1": "person", "2": "organisation"}.get(row.get("Entity Type Code", "")),
            organisation=row.get("Provider Organization Name (Legal Business Name)"),
            family=row.get("Provider Last Name (Legal Name)"),
            first=row.get("Provider First Name"),
            credential=row.get("Provider Credential Text"),
            sex=row.get("Provider Sex Code") or row.get("Provider Gender Code"),
            street=row.get(_PLACE.format("First Line")),
            city=row.get(f"{at} City Name"),
            region=row.get(f"{at} State Name"),
            postcode=row.get(f"{at} Postal Code"),
            phone=row.get(f"{at} Telephone Number"),
            specialty=_specialty(row),
            since=date_of(row.get("Provider Enumeration Date")),
            status="inactive" if gone else "active",
            weight=1,
        )


def _specialty(row: dict[str, str]) -> str | None:
    """The taxonomy that is marked as the primary one, else the first."""
    for number in range(1, _SPECIALTIES + 1):
        if row.get(f"Healthcare Provider Primary Taxonomy Switch_{number}") == "Y":
            return row.get(f"Healthcare Provider Taxonomy Code_{number}")
    return row.get("Healthcare Provider Taxonomy Code_1")


def _surnames(path: Path) -> Iterator[Record]:
    for row in rows_of(path, ("name", "count")):
        if row["name"] != "ALL OTHER NAMES":
            yield given(
                name=row["name"].title(),
                rank=_whole(row.get("rank")),
                weight=_whole(row["count"]),
                count=_whole(row["count"]),
            )


_YEAR = re.compile(r"yob(\d{4})\.txt", re.IGNORECASE)
_STATE = ("region", "sex", "year", "name", "count")


def _first_names(path: Path) -> Iterator[Record]:
    """Of the whole country, a file a year (`yob2020.txt`), or of a state (`TX.TXT`): neither has a header."""
    year = _YEAR.fullmatch(path.name)
    columns = ("name", "sex", "count") if year else _STATE
    for row in rows_of(path, columns, names=columns):
        count, of_year = _whole(row.get("count")), year[1] if year else row.get("year", "")
        region = row.get("region") or "US"
        yield given(
            id=f"{region} {of_year} {row.get('sex')} {row.get('name')}",
            name=row.get("name"),
            sex=row.get("sex"),
            region=region,
            year=_whole(of_year),
            weight=count,
            count=count,
        )


def _addresses(path: Path) -> Iterator[Record]:
    """Any list with these names in its header; how many live there is the weight, 1 where it does not say."""
    for row in rows_of(path, ("street", "city", "region", "postcode")):
        residents = row.get("residents")
        place = (row["street"], row["postcode"], row["city"])
        yield given(
            id=", ".join(part for part in place if part),
            street=row["street"],
            city=row["city"],
            region=row["region"],
            postcode=row["postcode"],
            residents=_whole(residents) if residents else None,
            weight=_whole(residents) if residents else 1,
        )


def _whole(text: str | None) -> object:
    """A whole number; what is none as it stands, so that the schema refuses it by name."""
    number = (text or "").replace(",", "")
    return int(number) if number.isdigit() else text


_WHOLE = {"type": "integer", "minimum": 0}
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="ndc-products",
            about="Medications: product.txt of the National Drug Code Directory (FDA)",
            set_name="medications",
            key="ndc",
            read=_ndc_products,
            properties=_texts("ndc", "name", "generic", "route", "form", "schedule", "status", "category"),
            indexed=("name", "generic", "route", "form", "status"),
            text=("name", "generic", "substance"),
        ),
        Kind(
            name="ndc-packages",
            about="Packages of medications: package.txt of the National Drug Code Directory (FDA)",
            set_name="medication-packages",
            key="ndc",
            read=_ndc_packages,
            properties=_texts("ndc", "product", "description", "status"),
            indexed=("product", "status"),
        ),
        Kind(
            name="nppes",
            about="Providers: npidata_pfile of the National Plan and Provider Enumeration System (CMS)",
            set_name="providers",
            key="npi",
            read=_providers,
            properties={
                **_texts("family", "region", "specialty", "status", "entity"),
                "npi": {"type": "string", "pattern": "^[0-9]{10}$"},
            },
            indexed=("region", "specialty", "status", "family", "entity"),
        ),
        Kind(
            name="census-surnames",
            about="Surnames by frequency: Names_2010Census.csv (US Census Bureau)",
            set_name="surnames",
            key="name",
            read=_surnames,
            properties={"name": _TEXT, "rank": _WHOLE, "count": _WHOLE},
            indexed=("rank",),
        ),
        Kind(
            name="ssa-first-names",
            about="First names by year, sex and state: yobYYYY.txt, or a state's file (Social Security Administration)",
            set_name="first-names",
            key="id",
            read=_first_names,
            properties={**_texts("id", "name", "region"), "sex": {"enum": ["F", "M"]}, "year": _WHOLE, "count": _WHOLE},
            indexed=("region", "sex", "year"),
        ),
        Kind(
            name="addresses",
            about="Addresses: a list with street, city, region, postcode and, as their weight, residents",
            set_name="addresses",
            key="id",
            read=_addresses,
            properties={**_texts("id", "street", "city", "region", "postcode"), "residents": _WHOLE},
            indexed=("region", "city", "postcode"),
        ),
    )
}
"""The kinds of files by their names."""
