"""Dose, route and frequency of a medication, in the words of its directions."""

from __future__ import annotations

import re

from ..patterns import regex

_COUNT = (
    r"(?:\.\d+|\d[\d,.]*(?:\s?[-–/]\s?\d[\d,.]*)?|one(?: and one-half| or two)?|two|three|four|half)"
    r"(?: \(\w+\))?"
)
_DOSE_UNIT = (
    r"(?:mg|mcg|[µμu]g|micrograms?|milligrams?|grams?|g|mL|ml|milliliters?|L|units?|unt|IU|mEq|meq|mmol"
    r"|puffs?|tab(?:let)?(?:s|\(s\))?|cap(?:sule)?(?:s|\(s\))?|drops?|gtts?|sprays?|patch(?:es)?"
    r"|suppositor(?:y|ies)|lozenges?|inhalations?|applications?|teaspoons?|tablespoons?|vials?|sachets?)"
)
DOSE = regex(rf"(?<![\w.]){_COUNT}\s?{_DOSE_UNIT}(?!\w)(?:/(?:\d[\d.]*\s?)?\w+)?", re.IGNORECASE)
ROUTE = regex(
    r"(?<!\w)(?:by mouth|p\.?o\.?(?!\w)|orally|oral|(?:by )?(?:oral|inhalation|nebulization|rectal"
    r"|topical|nasal|ophthalmic|otic"
    r"|vaginal|transdermal|subcutaneous|intramuscular|intravenous|sublingual|buccal) route"
    r"|under the tongue|sub-?cut(?:aneous(?:ly)?)?|sub-?q|s\.?c\.?|sublingual(?:ly)?|s\.?l\.?"
    r"|i\.?v\.?|i\.?m\.?|intravenous(?:ly)?|intramuscular(?:ly)?|intradermal(?:ly)?|inhalation|inhaled|inh"
    r"|topical(?:ly)?|rectal(?:ly)?|vaginal(?:ly)?|transdermal(?:ly)?|intranasal(?:ly)?|nasally|nebulized"
    r"|(?:in|into|to) (?:each|both|(?:the )?(?:left|right|affected)) (?:nostrils?|eyes?|ears?))(?!\w|\.\w)",
    re.IGNORECASE,
)
_TIMES = r"(?:once|twice|three times|four times|(?:one|two|three|four|\d+)(?: \(\w+\))? times?|\d+x)"
_PERIOD = r"(?:hours?|hrs?|h|days?|weeks?|wks?|months?|minutes?)"
_WITH = (
    r"(?:[ ,]+(?:prn|p\.r\.n\.|as needed|when required|as required|with (?:meals|food|breakfast|dinner)))?"
)
FREQUENCY = regex(
    rf"(?<!\w)(?:{_TIMES}(?:,? (?:a|per|each|every|in the|at))? ?(?:daily|day|weekly|week|monthly"
    rf"|month|morning"
    r"|evening|night|bedtime)|"
    rf"every (?:\d+(?:(?:\s?[-–]\s?| to | or )\d+)?(?: \(\w+\))?"
    rf"|one|two|three|four|six|eight|twelve) ?{_PERIOD}"
    r"|every ?(?:other )?(?:day|morning|evening|night|week|month)(?: (?:at bedtime|and evening))?"
    r"|each (?:day|morning|evening|night)|(?:once )?daily|nightly(?: at bedtime)?|weekly|monthly"
    r"|(?:every night )?at bedtime"
    r"|q\.?\s?\d+(?:\s?-\s?\d+)?\s?(?:h(?:rs?|ours?)?|min(?:utes?)?|days?|weeks?|wks?)"
    r"|q\.?[dodh]\.?(?:d\.?)?|qam|qpm|qhs|qod|qid|b\.?i\.?d\.?|t\.?i\.?d\.?"
    r"|\d(?:-\d){2,3}|[ob]d|[tq]ds|mane|nocte"
    rf"|q\.?i\.?d\.?|h\.?s\.?|prn|p\.r\.n\.|as needed|when required)(?!\w){_WITH}",
    re.IGNORECASE,
)
_LOOKED_FOR = (("dose", DOSE), ("route", ROUTE), ("frequency", FREQUENCY))


def dosing(directions: str, name: str) -> dict[str, str]:
    """Dose, route and frequency as the directions say; a dose or a route they don't say is the name's."""
    found = {role: match[0].strip() for role, pattern in _LOOKED_FOR if (match := pattern.search(directions))}
    for role, pattern in (("dose", DOSE), ("route", ROUTE)):
        if role not in found and (match := pattern.search(name)):
            found[role] = match[0].strip()
    return found
