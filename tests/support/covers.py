"""The cover page of a made-up annual report, in parts that tests may replace."""

from __future__ import annotations

from typing import Any

from neuraldocflow.extraction.candidates import STRATEGIES, Context
from neuraldocflow.extraction.model import Block, Document
from neuraldocflow.extraction.profile import Field
from tests.support.documents import document, table

LISTS = ("securities", "trading_symbols", "exchanges", "shares_outstanding")
TOP: tuple[str, ...] = (
    "UNITED STATES",
    "SECURITIES AND EXCHANGE COMMISSION",
    "Washington, D.C. 20549",
    "FORM 10-K",
    "☒ ANNUAL REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934",
    "For the fiscal year ended September 28, 2024",
    "or",
    "☐ TRANSITION REPORT PURSUANT TO SECTION 13 OR 15(d) OF THE SECURITIES EXCHANGE ACT OF 1934",
    "Commission File Number: 001-99123",
)
NAME: tuple[Block | str, ...] = (
    "Mosswell Lantern Works, Inc.",
    "(Exact name of Registrant as specified in its charter)",
    "Oregon",
    "(State or other jurisdiction of incorporation or organization)",
    "93-7654321",
    "(I.R.S. Employer Identification No.)",
    "12 Harbor Lane, Suite 400",
    "Astoria, Oregon 97103",
    "(Address of principal executive offices) (Zip Code)",
    "(503) 555-0142",
    "(Registrant’s telephone number, including area code)",
)
LISTING: tuple[Block | str, ...] = (
    "Securities registered pursuant to Section 12(b) of the Act:",
    table(
        ("Title of each class", "Trading Symbol(s)", "Name of each exchange on which registered"),
        ("Common Stock, $0.01 par value", "MLWK", "The Nasdaq Stock Market LLC"),
        ("4.125% Notes due 2031", "MLWK31", "New York Stock Exchange"),
    ),
    "Securities registered pursuant to Section 12(g) of the Act: None",
)
BOXES: tuple[str, ...] = (
    "Indicate by check mark if the registrant is a well-known seasoned issuer, as "
    "defined in Rule 405 of the "
    "Securities Act. Yes ☐ No ☒",
    "Indicate by check mark if the registrant is not required to file reports pursuant to Section 13 or "
    "Section 15(d) of the Act. Yes ☐ No ☒",
    "Indicate by check mark whether the registrant is a large accelerated filer, an accelerated filer, a "
    "non-accelerated filer, a smaller reporting company, or an emerging growth "
    "company. See the definitions of "
    "“large accelerated filer,” “accelerated filer,” “smaller reporting company,” "
    "and “emerging growth company” in "
    "Rule 12b-2 of the Exchange Act.",
    "Large accelerated filer ☐ Accelerated filer ☒ Non-accelerated filer ☐ Smaller reporting company ☐ "
    "Emerging growth company ☐",
    "Indicate by check mark whether the registrant is a shell company (as defined in "
    "Rule 12b-2 of the Act). "
    "Yes ☐ No ☒",
)
END: tuple[str, ...] = (
    "The aggregate market value of the voting stock held by non-affiliates of the "
    "registrant, as of March 30, 2024, "
    "was approximately $412.5 million, based on the closing price of $31.20.",
    "As of November 15, 2024, there were 24,561,778 shares of the registrant’s common stock outstanding.",
    "DOCUMENTS INCORPORATED BY REFERENCE",
    "Portions of the proxy statement are incorporated into Part III.",
)


def cover(
    top: tuple[str, ...] = TOP,
    name: tuple[Block | str, ...] = NAME,
    listing: tuple[Block | str, ...] = LISTING,
    boxes: tuple[str, ...] = BOXES,
    end: tuple[str, ...] = END,
) -> Document:
    return document(*top, *name, *listing, *boxes, *end)


def told(made: Document, role: str) -> Any:
    """The best candidate's value or words; all of them where the page lists several."""
    kind = "list" if role in LISTS else "string"
    found = list(STRATEGIES["cover_page"](made, {"role": role}, Field(role, kind), Context([])))
    values = [each.raw if each.value is None else each.value for each in found]
    if role in LISTS:
        return list(dict.fromkeys(values))
    return (
        max(zip((each.score for each in found), values, strict=True), key=lambda each: each[0])[1]
        if found
        else None
    )
