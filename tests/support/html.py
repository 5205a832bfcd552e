"""Small fictional HTML documents, made by code."""

from __future__ import annotations

from collections.abc import Sequence

NAMESPACES = (
    'xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"'
    ' xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:xbrldi="http://xbrl.org/2006/xbrldi"'
)


def page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def table(*rows: Sequence[str], cell: str = "td") -> str:
    return (
        "<table>"
        + "".join("<tr>" + "".join(f"<{cell}>{text}</{cell}>" for text in row) + "</tr>" for row in rows)
        + "</table>"
    )


def context(name: str, period: str, member: str = "") -> str:
    """A context; ``period`` is a day, or two parted by a slash."""
    start, _, end = period.partition("/")
    times = (
        f"<xbrli:startDate>{start}</xbrli:startDate><xbrli:endDate>{end}</xbrli:endDate>"
        if end
        else f"<xbrli:instant>{start}</xbrli:instant>"
    )
    segment = (
        f'<xbrli:segment><xbrldi:explicitMember dimension="made:Axis">{member}</xbrldi:explicitMember>'
        "</xbrli:segment>"
        if member
        else ""
    )
    return (
        f'<xbrli:context id="{name}"><xbrli:entity><xbrli:identifier scheme="x">7</xbrli:identifier>{segment}'
        f"</xbrli:entity><xbrli:period>{times}</xbrli:period></xbrli:context>"
    )


def filing(body: str, hidden: str = "", contexts: str = "") -> bytes:
    """A filing with inline XBRL: XHTML with a declaration, and units ``usd`` and ``per_share``."""
    units = (
        '<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>'
        '<xbrli:unit id="per_share"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD'
        "</xbrli:measure></xbrli:unitNumerator><xbrli:unitDenominator><xbrli:measure>xbrli:shares"
        "</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>"
    )
    contexts = contexts or context("year", "2023-07-01/2024-06-30")
    return (
        f"<?xml version='1.0' encoding='ASCII'?><html {NAMESPACES}><head><title>made-10k</title></head><body>"
        f'<div style="display:none"><ix:header><ix:hidden>{hidden}</ix:hidden><ix:resources>{contexts}{units}'
        f"</ix:resources></ix:header></div>{body}</body></html>"
    ).encode("ascii", "xmlcharrefreplace")


def tagged(name: str, text: str, extra: str = "") -> str:
    return f'<ix:nonNumeric name="{name}" contextRef="year" {extra}>{text}</ix:nonNumeric>'


def number(name: str, text: str, extra: str = 'unitRef="usd" scale="6" decimals="-6"') -> str:
    return f'<ix:nonFraction name="{name}" contextRef="year" {extra}>{text}</ix:nonFraction>'
