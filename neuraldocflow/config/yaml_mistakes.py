"""What libyaml finds wrong in a file, with the line it is on and, where it can be known, what to do."""

from __future__ import annotations

import yaml

_QUOTES = "a text that begins with {} is put in quotes"
_TO_DO: dict[str, str] = {
    "mapping values are not allowed": "a text with ': ' in it is put in quotes; else look at the indentation",
    "did not find expected key": "a quote ends before its text does; else look at the indentation",
    "unknown escape character": "in double quotes a \\ begins an escape: take single ones",
    "expected alphabetic or numeric": _QUOTES,
    "cannot start any token": _QUOTES,
    "undefined alias": _QUOTES,
    "a constructor for the tag": _QUOTES,
}


def mistake(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line, counted from 1, and a sentence."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.encode()[: error.position].count(b"\n") + 1
        return line, f"a character that may not stand in it: {str(error).splitlines()[0]}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, str(error)
    mark = error.problem_mark or error.context_mark
    told = str(error.problem or error.context)
    if mark is None:
        return 1, told
    lines = text.splitlines() or [""]
    shown = lines[mark.line] if mark.line < len(lines) else ""
    to_do = next((each for words, each in _TO_DO.items() if words in told), "")
    within = str(error.context)
    in_brackets = "parsing a flow" in within
    in_quotes = "quoted scalar" in within and "end of stream" in told
    if "\t" in shown[: len(shown) - len(shown.lstrip())] and not in_brackets:
        to_do = "lines are indented by spaces, not by tabs"
    elif error.context_mark is not None and (in_brackets or in_quotes):
        to_do = f"what begins on line {error.context_mark.line + 1} is not closed"
        if in_brackets:
            to_do += ", or a comma or the quotes of a text with one of : , [ ] { } are missing"
    elif to_do == _QUOTES:
        began = error.context_mark if "alias" in within or "anchor" in within else mark
        to_do = _QUOTES.format(shown[began.column : began.column + 1]) if began is not None else ""
    return mark.line + 1, f"{told} ({to_do})" if to_do else told
