"""The words of clinical documents: section titles, column headers, vital signs, statuses, absence.

Titles and headers differ from one record system to the next only in wording; here each wording is put
under the meaning the rest of the clinical extraction works with.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SECTIONS: list[tuple[str, str]] = [
    ("family_history", r"\bfamily\b.*\bhistory\b|\bfamily hx\b"),
    ("social_history", r"\bsocial\b|\bsmoking\b|\btobacco\b|\blifestyle\b"),
    ("reason", r"\breasons? for\b|\bchief complaint\b|\bindications?\b"),
    ("instructions", r"\binstructions?\b|\bdecision aids?\b|\beducation\b|\bdiet\b"),
    (
        "administered",
        r"\b(medications?|drugs?)\b.*\b(administered|given)\b|\badministered\b.*\b(medications?|drugs?)\b",
    ),
    ("allergies", r"\ballerg|\bintoleranc|\badverse (drug )?(reactions?|events?)\b|\bsensitivit(y|ies)\b"),
    ("immunizations", r"\bimmuni[sz]ations?\b|\bvaccin"),
    (
        "plan",
        r"\bplans?\b|\bplanned\b|\bgoals?\b|\bpending\b|\bfuture\b|\brecommendations?\b|\bscheduled\b|\borders\b",
    ),
    ("vital_signs", r"\bvital signs?\b|^vitals\b|\bvitals$|\bvital sign measurements?\b"),
    (
        "procedure_note",
        r"\b(pre|post)\s?(operative|op|procedure)\b|\banesthesia\b|\bcomplications?\b"
        r"|\bestimated blood loss\b"
        r"|\bsurgical drains?\b|\boperative note\b|\bsurgery description\b"
        r"|\bprocedures? (description|disposition|estimated|findings?|implants?|specimens?|details|steps)\b",
    ),
    ("devices", r"\bmedical equipment\b|\bdevices?\b|\bimplants?\b|\bsupplies\b"),
    ("advance_directives", r"\badvance directives?\b|\bcode status\b"),
    ("payers", r"\bpayers?\b|\binsurance\b|\bcoverage\b|\bguarantor\b"),
    ("functional_status", r"\bfunctional\b|\bcognitive\b|\bmental status\b"),
    (
        "narrative",
        r"\bhistory of present\b|\bpresent illness\b|\breview of systems\b|\bhospital course\b|\bhpi\b",
    ),
    ("physical_exam", r"\bphysical\b|\bexam(ination)?\b|\bgeneral status\b"),
    (
        "results",
        r"\bresults?\b|\blab(s|oratory|oratories)?\b|\bdiagnostic (tests?|studies|data)\b|\bstudies\b"
        r"|\btests?( performed)?$|\bpathology\b|\bmicrobiology\b",
    ),
    ("problems", r"\bproblems? (and )?(diagnos|conditions?)|\bproblem list\b"),
    ("procedures", r"\bprocedures? (and )?surg"),
    ("diagnoses", r"\bdiagnos[ie]s\b|\bdiagnostic impressions?\b|\bimpressions?\b"),
    ("assessment", r"\bassessments?\b|\bsubjective\b|\bobjective\b|\bprogress notes?\b|\bclinical notes?\b"),
    ("medications", r"\bmedications?\b|^meds\b|\bmeds$|\bprescri|\bcurrent drugs\b|\bdrug (list|therapy)\b"),
    (
        "past_history",
        r"\bpast (medical |illness )?(history|hx)\b|\bmedical (general )?(history|hx)\b"
        r"|\bhistory of past\b|^pmh\b",
    ),
    ("surgical_history", r"\bsurgical (history|hx|procedures?)\b|^psh\b|\bsurger(y|ies)\b|\boperations?\b"),
    (
        "problems",
        r"\bproblems?\b|\bconditions?\b|\bhealth (concerns?|issues)\b|\bactive issues\b|\bcomorbidit",
    ),
    ("procedures", r"\bprocedures?\b|\binterventions?\b"),
    ("encounters", r"\bencounters?\b|\bvisits?\b|\badmissions?\b"),
    ("care_team", r"\bcare team\b|\bproviders?\b|\bparticipants?\b"),
]
_SECTION_PATTERNS = [(kind, re.compile(pattern)) for kind, pattern in _SECTIONS]

_TITLE_WORD = re.compile(
    r"(?:list|active|inactive|resolved|current|known|and|or|the|of|for|to|history|hx|hospital|summary|section|data|"
    r"information|recent|other|patient|patients|s|all|chronic|home|outpatient|inpatient|discharge|admission|admitting|"
    r"record|reported|last|past|previous|drug|drugs|food|environmental|adverse|reactions?|events?|alerts?|allerg\w+|"
    r"intolerances?|sensitivit\w+|medications?|meds|prescriptions?|prescribed|problems?|conditions?|concerns?|health|"
    r"medical|surgical|surger\w+|procedures?|operations?|vital|vitals|signs?|measurements?|results?|lab|labs|laboratory|"
    r"diagnos\w+|impressions?|tests?|studies|findings|relevant|immunizations?|immunisations?|vaccin\w+|status|social|"
    r"family|plan|care|treatment|assessment|encounters?|visits?|reason|chief|complaint|review|systems|physical|exam|"
    r"examination|present|illness|instructions?|goals|functional|advance|directives|insurance|payers?|equipment|"
    r"devices?|general|taken|at|during|pmh|psh|administered|given|values|orders|course|notes?|progress|on|a|p)"
)

MAX_TITLE_WORDS = 9


def title_words(text: str) -> str:
    """A title as lower-case words: numbering, punctuation and what stands in brackets left out."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text)
    text = re.sub(r"^\s*(?:\d+(?:\.\d+)*|[ivx]+|[a-z])[.)]\s+", "", text, flags=re.IGNORECASE)
    return " ".join(re.findall(r"[a-z]+", text.lower().replace("/", " ")))


def section_kind(title: str) -> str | None:
    """The kind of section a heading opens, such as ``allergies``; None for a heading of no known kind."""
    words = title_words(title)
    if not words or words.count(" ") >= MAX_TITLE_WORDS:
        return None
    for kind, pattern in _SECTION_PATTERNS:
        if pattern.search(words):
            return kind
    return None


def is_bare_title(text: str) -> bool:
    """Whether a line is nothing but title words: it may be a heading without looking like one."""
    words = title_words(text).split()
    return bool(words) and len(words) <= 7 and all(_TITLE_WORD.fullmatch(word) for word in words)


_ROLES: list[tuple[str, str]] = [
    ("group", r"^group( description)?$|^category$|^panel$|^class$|^order name$"),
    ("code_system", r"\b(code|coding) (system|set|type)\b|^vocabulary$"),
    ("code_name", r"\bcoded? (description|name|term|meaning)\b|^display name$"),
    (
        "other",
        r"^(mfg|manufacturer|trade|lot|vis|inj|zip|area|fill)\b|^(abbreviation|priority|age|quantity|refills)\b",
    ),
    ("flag", r"\bflags?\b|\babnormal\b|\binterpretation\b|^h l$"),
    ("reference_range", r"\bref(erence)?\b|\bnormal (range|values?)\b|^(range|normals?|limits)$"),
    ("unit", r"^units?( of)?( measure)?$|^uom$"),
    ("severity", r"\bseverity\b|\bcriticality\b|\bsusceptibility\b"),
    ("reaction", r"\breactions?( type)?\b|\bmanifestations?\b"),
    ("status", r"\bstatus\b|^state$|^active$"),
    ("end_date", r"\b(end|stop|stopped|expiration|expiry|completion|discontinued?|resolved|resolution)\b"),
    (
        "date",
        r"\bdates?\b|\btimes?\b|\bonset\b|\bnoted\b|\bstarted\b|\bcollected\b|\brecorded\b|\bwhen\b"
        r"|\bperformed on\b",
    ),
    ("route", r"\broutes?\b"),
    ("frequency", r"\bfreq(uency)?\b|\bschedule\b|\bhow often\b|\binterval\b"),
    ("directions", r"\bsig\b|\bdirections?\b|\binstructions?\b|\bhow to take\b|\bdosing\b"),
    ("form", r"^(dose |dosage )?form$"),
    ("dose", r"\bdos(e|age)s?\b|\bstrength\b|^amount$"),
    ("indication", r"\bindications?\b|\breason\b|\btreats\b|\bused for\b"),
    (
        "provider",
        r"\bproviders?\b|\bperformers?\b|\bphysicians?\b|\bsource\b|\bby\b|\bclinicians?\b|\bprescriber\b",
    ),
    ("location", r"\blocation\b|\bfacility\b|\bsite\b|\bclinic\b|\bdepartment\b"),
    ("comment", r"\bcomments?\b|\bnotes?\b|\bdetails?\b|\bremarks?\b|\bannotations?\b"),
    ("code", r"\bcodes?\b|^(icd|snomed|cpt|loinc|rxnorm|cvx|ndc|hcpcs)\b"),
]
_ROLE_PATTERNS = [(role, re.compile(pattern)) for role, pattern in _ROLES]

_NAME_WORDS: dict[str, str] = {
    "allergies": (
        r"^(substances?|allergens?|allerg(y|ies)|agents?|intolerances?)\b|\b(substance"
        r"|allergen|allergies|agent)$"
    ),
    "medications": (
        r"^(medications?|meds?|drugs?|prescriptions?|products?)\b|\b(medications?"
        r"|drug name|product)$"
    ),
    "problems": (
        r"^(problems?|conditions?|diagnos[ie]s|disorders?|health concerns?)\b|\b(problems?"
        r"|conditions?|diagnosis)$"
    ),
    "procedures": (
        r"^(procedures?|surger(y|ies)|operations?|interventions?|services?)\b"
        r"|\b(procedures?|surgery)$"
    ),
    "vital_signs": r"^(vital signs?|vitals?|measurements?|observations?|parameters?)\b|\bvital sign$",
    "results": (
        r"^(tests?|components?|analytes?|lab tests?|observations?|investigations?"
        r"|examinations?|exams?)\b"
        r"|\b(test|component|analyte)$|^(result|lab|laboratory) (type|name|test|observation)\b|^lab$"
    ),
    "immunizations": r"^(vaccines?|vaccinations?|immuni[sz]ations?|products?)\b|\b(vaccine|immuni[sz]ation)$",
    "encounters": r"^(encounters?|visits?|types?|services?|description|reason)\b",
    "plan": (
        r"^(planned|plans?|activity|activities|care plan|orders?|tests?|procedures?|goals?"
        r"|instructions?|name)\b"
    ),
}
_NAME_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _NAME_WORDS.items()}
_VALUE = re.compile(
    r"^((observed|measured|test|lab|result|numeric|actual) )?(values?|results?|readings?|findings?)( unit)?$"
)


@lru_cache(1000)  # of a document's few headers, each is asked for with each of its rows
def column_role(header: str, kind: str) -> tuple[str | None, int]:
    """What a column holds in such a section, and a rank: of several names the lowest is the name."""
    words = " ".join(re.findall(r"[a-z0-9]+", re.sub(r"\([^)]*\)", "", header.lower())))
    if not words:
        return None, 9
    name = _NAME_PATTERNS.get(kind)
    if _VALUE.search(words) and kind in ("results", "vital_signs"):
        return "value", 0
    for role, pattern in _ROLE_PATTERNS:
        if role in ("group", "code_system", "code_name") and pattern.search(words):
            return ("name", 0) if role == "code_name" else (role, 0)
    if (
        name is not None
        and name.search(words)
        and not re.search(r"\b(date|time|status|code|type|id|reaction|instruction)s?$", words)
    ):
        return "name", 1
    for role, pattern in _ROLE_PATTERNS:
        if pattern.search(words):
            return role, 0
    if re.search(r"\bnames?$", words):
        return "name", 2
    if re.search(r"\bdescriptions?$|^items?$|^event$", words):
        return "name", 3
    if re.search(r"\btypes?$", words):
        return "name", 4
    return None, 9


_HEADER_KINDS: list[tuple[str, str, str]] = [
    ("allergies", r"allergen|allerg(y|ies)|substance", r"reaction|severity|criticality"),
    ("immunizations", r"vaccine|immuni[sz]ation", r"date|lot|dose|given|status"),
    (
        "medications",
        r"medication|drug",
        r"dose|dosage|sig\b|directions|route|frequency|strength|instructions",
    ),
    ("results", r"\btest|component|analyte", r"result|value"),
    ("vital_signs", r"vital", r"value|result|reading"),
    ("problems", r"problem|diagnosis|condition", r"icd|snomed|code|onset|status"),
    ("procedures", r"^procedure|\bprocedure", r"date|cpt|code"),
]
_HEADER_KIND_PATTERNS = [
    (kind, re.compile(first), re.compile(second)) for kind, first, second in _HEADER_KINDS
]


def kind_of_header(headers: list[str]) -> str | None:
    """The kind of list a table under no known heading holds, by its column headers alone."""
    texts = [header.lower() for header in headers if header.strip()]
    for kind, first, second in _HEADER_KIND_PATTERNS:
        for index, text in enumerate(texts):
            if first.search(text) and any(second.search(t) for i, t in enumerate(texts) if i != index):
                return kind
    return None


ABSENCE = re.compile(
    r"^\W*(?:(?:patient )?(?:has |reports |denies )?(?:no|none|nil|denies|without|not|unknown"
    r"|negative|never)\b"
    r"(?! significant change)|n/?a\b|n\.a\.|nk[ad]+\b|nkma\b|nkfa\b|not available|\.{2,}|-+$|\*+$)",
    re.IGNORECASE,
)
NOT_GIVEN = re.compile(
    r"^\W*(?:not (?:available|applicable|entered|recorded|on file|specified|documented|known|given)"
    r"|n/?a|none|unknown|-+)"
    r"\W*$",
    re.IGNORECASE,
)
"""A cell that says it holds nothing."""

NOT_DONE = re.compile(
    r"\b(?:refused|declined|not (?:given|done|administered|performed|taken)|cancel+ed|aborted"
    r"|entered in error|error|"
    r"nullified|contraindicated)\b",
    re.IGNORECASE,
)
NOT_YET = re.compile(
    r"^\W*(?:planned|pending|scheduled|ordered|requested|proposed|intended|future)\b", re.IGNORECASE
)

VITAL = re.compile(
    r"\b(?:(?:intravascular )?(?:systolic|diastolic)(?: (?:blood pressure|bp))?|blood pressure(?: \w+)?|bp"
    r"(?:[ -]?(?:sys(?:tolic)?|dia(?:stolic)?))?|sbp|dbp|heart rate|pulse(?: rate| oximetry)?|hr|"
    r"resp(?:irat(?:ory|ions?))?\.?(?: rate)?|rr|(?:body )?temp(?:erature)?"
    r"|(?:body )?weight(?: measured)?|wt|"
    r"(?:body )?height(?: \(lying\))?|ht|length|body mass index|bmi|bsa|body surface area|o2 sat(?:uration)?|"
    r"oxygen saturation|spo2|sao2|head circumference|pain(?: (?:score|scale|level))?|waist circumference)\b",
    re.IGNORECASE,
)

HONORIFIC = re.compile(
    r"^(?:(?:mr|mrs|ms|miss|mx|master|dr|prof|rev|sir|dame|sr|sra|patient)\.?\s+)+(?=\S)", re.IGNORECASE
)
