"""The words of clinical documents: section titles, vital signs, reactions, statuses, absence.

Titles differ from one record system to the next only in wording; here each wording is put under the meaning
the rest of the clinical extraction works with.
"""

from __future__ import annotations

import re

from ..patterns import regex

_SECTIONS: list[tuple[str, str]] = [
    ("other", r"^(date|time|place) of\b(?!.*\b(immuni|vaccin))"),
    ("narrative", r"^(electrocardiogram|ekg|ecg)\b"),
    ("family_history", r"\bfamily\b.*\bhistory\b|\bfamily hx\b"),
    ("social_history", r"\bsocial\b|\bsmoking\b|\btobacco\b|\blifestyle\b"),
    ("reason", r"\breasons? for\b|\bchief complaint\b|\bindications?\b"),
    ("instructions", r"\binstructions?\b|\bdecision aids?\b|\beducation\b|\bdiet\b"),
    (
        "administered",
        r"\b(medications?|drugs?)\b.*\b(administered|given)\b|\badministered\b.*\b(medications?|drugs?)\b",
    ),
    ("allergies", r"\ballerg|\bintoleranc|\badverse (drug )?(reactions?|events?)\b|\bsensitivit(y|ies)\b"),
    ("medications", r"\bmedications?\b.*\b(devices?|orders?)\b"),
    ("immunizations", r"\bimmuni[sz]ations?\b|\bvaccin"),
    (
        "plan",
        r"\bplans?\b|\bplanned\b|\bgoals?\b|\bpending\b|\bfuture\b|\brecommendations?\b|\bscheduled\b|\borders\b"
        r"|\bfollow ?up\b(?! (?:notes?|letter|visit|report|summary))",
    ),
    (
        "vital_signs",
        r"^observations( (at|on) \w+)?$|\bvital signs?\b|^vitals\b|\bvitals$|\bvital sign measurements?\b",
    ),
    ("diagnoses", r"^post\s?(operative|op|procedure) diagnos[ie]s$"),
    (
        "procedure_note",
        r"\b(pre|post)\s?(operative|op|procedure)\b|\banesthesia\b|\bcomplications?\b"
        r"|\bestimated blood loss\b"
        r"|\bsurgical drains?\b|\boperative note\b|\b(surgery|operation|operative) description\b"
        r"|\bpre\s?medications?\b"
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
        r"|\btests?( performed)?$|\bpathology\b|\bmicrobiology\b|\binvestigations?\b"
        r"|\b(metabolic|lipid|hepatic|renal|thyroid|liver|bone|kidney) (panel|profile|function)\b"
        r"|^(cbc|(complete|full) blood count|urinalysis|(bio)?chemistry|ha?ematology|coagulation|serology"
        r"|(urea and )?electrolytes)\b",
    ),
    ("problems", r"\bproblems? (and )?(diagnos|conditions?)|\bproblem list\b"),
    ("health_concerns", r"^(?!.*\b(problems?|conditions?|diagnos\w*)\b).*\bhealth concerns?\b"),
    ("procedures", r"\bprocedures? (and )?surg"),
    ("diagnoses", r"\bdiagnos[ie]s\b|\bdiagnostic impressions?\b|\bimpressions?\b"),
    ("assessment", r"\bassessments?\b"),
    (
        "medications",
        r"\bmedications?\b|\bmedicines?\b(?! (department|clinic))|^meds\b"
        r"|\bmeds$|\bprescri|\bcurrent drugs\b|\bdrug (list|therapy|history)\b"
        r"|\b(current|regular) treatment\b",
    ),
    (
        "past_history",
        r"\bpast (medical |illness )?(history|hx)\b|\bmedical (general )?(history|hx)\b"
        r"|\bhistory of past\b|^pmh\b",
    ),
    ("surgical_history", r"\bsurgical (history|hx|procedures?)\b|^psh\b|\bsurger(y|ies)\b|\boperations?\b"),
    (
        "problems",
        # a condition alone is the patient's at discharge: stable
        r"\bproblems?\b|\bconditions\b|\b(medical|chronic|active|current|known) condition\b"
        r"|\bhealth (concerns?|issues)\b|\bactive issues\b|\bcomorbidit",
    ),
    ("procedures", r"\bprocedures?\b|\binterventions?\b"),
    ("narrative", r"\bsubjective\b|\bobjective\b|\b(progress|clinical) notes?\b"),
    ("encounters", r"\bencounters?\b|\bvisits?\b|\badmissions?\b"),
    ("care_team", r"\bcare team\b|\bproviders?\b|\bparticipants?\b"),
]
_SECTION_PATTERNS = [(kind, regex(pattern)) for kind, pattern in _SECTIONS]

_TITLE_WORD = regex(
    r"(?:list|active|inactive|resolved|current|known|and|or|the|of|for|to|history|hx|hospital|summary|section|data|"
    r"information|recent|other|patient|patients|s|all|chronic|home|outpatient|inpatient|discharge|admission|admitting|"
    r"record|reported|last|past|previous|drug|drugs|food|environmental|adverse|reactions?|events?|alerts?|allerg\w+|"
    r"intolerances?|sensitivit\w+|medications?|meds|prescriptions?|prescribed|problems?|conditions?|concerns?|health|"
    r"medical|surgical|surger\w+|procedures?|operations?|vital|vitals|signs?|measurements?|results?|lab|labs|laboratory|"
    r"diagnos\w+|impressions?|tests?|studies|investigations?|findings|relevant|immunizations?|immunisations?|vaccin\w+|status|social|"
    r"family|plan|care|treatment|assessment|encounters?|visits?|reason|chief|complaint|review|systems|physical|exam|"
    r"examination|present|illness|instructions?|goals|follow|up|functional|advance|directives|insurance|payers?|equipment|"
    r"devices?|general|taken|on|file|performed|at|during|pmh|psh|administered|given|values|orders|course|notes?|progress|a|p)"
)

MAX_TITLE_WORDS = 9
_CODED = regex(r"[(\[][A-Z]?\d[\d.]{2,}[)\]]\s*$")
"""A heading with a code behind it names what was done or found, not a section."""


def title_words(text: str) -> str:
    """A title as lower-case words: numbering, punctuation and what stands in brackets left out."""
    text = re.sub(r"\([^()]*\)|\[[^][]*\]", " ", text)
    text = re.sub(r"^\s*(?:\d+(?:\.\d+)*|[ivx]+|[a-z])[.)]\s+", "", text, flags=re.IGNORECASE)
    return " ".join(re.findall(r"[a-z]+", text.lower().replace("/", " ")))


def section_kind(title: str) -> str | None:
    """The kind of section a heading opens, such as ``allergies``; None for a heading of no known kind."""
    words = title_words(title)
    if not words or words.count(" ") >= MAX_TITLE_WORDS or _CODED.search(title):
        return None
    for kind, pattern in _SECTION_PATTERNS:
        if pattern.search(words):
            return kind
    return None


def is_bare_title(text: str) -> bool:
    """Whether a line is nothing but title words: it may be a heading without looking like one."""
    words = title_words(text).split()
    return bool(words) and len(words) <= 7 and all(_TITLE_WORD.fullmatch(word) for word in words)


ABSENCE = regex(
    r"^\W*(?:(?:patient )?(?:has |reports |denies )?(?:no|none|nil|denies|without|not|unknown"
    r"|negative|never)\b"
    r"(?! significant change)|n/a\b|na\W*$|n\.a\.|nk[ad]+\b|nkma\b|nkfa\b"
    r"|not available|[^\n:]{0,50}\bnot available\W*$|\.{2,}|-+$|\*+$)",
    re.IGNORECASE,
)
NOT_GIVEN = regex(
    r"^\W*(?:not (?:available|applicable|entered|recorded|on file|specified|documented|known|indicated)"
    r"|n/?a|none|unknown|-+)"
    r"\W*$",
    re.IGNORECASE,
)
"""A cell that says it holds nothing."""

NOT_DONE = regex(
    r"\b(?:refused|declined|not (?:given|done|administered|performed|taken)|cancel+ed|(?P<stopped>aborted)"
    r"|entered in error|error|"
    r"nullified|contraindicated)\b",
    re.IGNORECASE,
)
"""A status of what was not done. What was stopped was not done either, unless it is a medication."""
NOT_DONE_NAMED = regex(
    r"^\W*negated\b|\b(?:was|were) not (?:given|done|administered|performed)\b"
    r"|[-–(:]\s*(?:refused|declined|not (?:given|done|administered|performed))\W*$",
    re.IGNORECASE,
)
"""A name that itself says so."""
OPERATION = regex(
    r"^(?!.*\b(?:complications?|after|awaiting|pending|due to|scheduled|consider\w*|possible|needs?)\b)"
    r".*(?:\b\w{3,}(?:ectomy|otomy|ostomy|plasty|rrhaphy|pexy|centesis)\b"
    r"|\b(?:surgery|bypass|cabg|transplant(?:ation|ed)?|c-section|ca?esarean|arthroscopy|stent(?:ing)?)\b"
    r"|\b(?:hip|knee|valve|joint|shoulder) replacement\b|\b(?:repair|removal|excision|resection) of\b"
    r"|\bhernia repair\b|\bpacemaker (?:insertion|implant\w*|placement)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""What was done to a patient, where past illnesses and operations are told in one list."""
NOT_YET = regex(
    r"^\W*(?:(?:over)?due|planned|pending|scheduled|ordered|requested|proposed|intended|future)\b",
    re.IGNORECASE,
)

VITAL = regex(
    r"\b(?:(?:intravascular )?(?:systolic|diastolic)(?: (?:blood pressure|bp))?|blood pressure(?: (?:systolic"
    r"|diastolic|sitting|standing|lying|supine))?|(?-i:[TPR])(?=\s*[:=]?\s\d)|bp"
    r"(?:[ -]?(?:sys(?:tolic)?|dia(?:stolic)?))?|sbp|dbp|heart rate|pulse(?: rate| oximetry)?|hr|"
    r"resp(?:irat(?:ory|ions?))?\.?(?: rate)?|rr|(?:body )?temp(?:erature)?"
    r"|(?:body )?weight(?: measured)?|wt|"
    r"(?:body )?height(?: \(lying\))?|ht|length|body mass index|bmi|bsa|body surface area|o2 sat(?:uration)?|"
    r"oxygen saturation|spo2|sp02|sao2|head circumference|pain(?: (?:score|scale|level))?"
    r"|waist circumference)\b",
    re.IGNORECASE,
)

REACTION = (
    r"(?:hives|urticaria|(?:\w+ )?rash(?:es)?|eczema|itch(?:ing|iness|y)|pruritus|nausea|vomit\w*"
    r"|emesis|anaphyla\w+"
    r"|swelling|angio-?edema|edema|wheez\w+|cough\w*|short(?:ness)? of breath|dyspnea|bronchospasm|diarrh\w+"
    r"|gi upset|(?:stomach|gi) (?:upset|distress|bleed\w*)|upset stomach|dizz\w+|headaches?"
    r"|hypotension|syncope"
    r"|palpitations|confusion|hallucinations|fever|blister\w*|(?:contact )?dermatitis"
    r"|photosensitivity|flushing"
    r"|infusion reaction|bleeding|agranulocytosis|muscle (?:pain|aches?)|myalgias?|rhinitis|unknown reaction)"
)
"""Words of what an allergy shows itself by."""

_PEOPLE = (
    r"(?:grand)?(?:mother|father|parents?|sons?|daughters?)|brothers?|sisters?|siblings?|family|uncles?|aunts?"
    r"|cousins?|wife|husband"
)
RELATIVE = regex(rf"\b(?:{_PEOPLE})\b", re.IGNORECASE)
DENIED = regex(
    rf"\b(?:not|never|no one|nobody|den(?:y|ies|ied|ying)|without|whether|if|unless|{_PEOPLE})\b",
    re.IGNORECASE,
)
"""What before a word takes it from the patient: a denial, a doubt, or somebody else."""


def clause_before(text: str, end: int) -> str:
    """What of a sentence stands before a place in it."""
    return re.split(r"[.;\n]", text[max(end - 200, 0) : end])[-1]


HONORIFIC = regex(
    r"^(?:(?:mr|mrs|ms|miss|mx|master|dr|dra|prof|rev|sir|dame|sr|sra|patient)\.?\s+)+(?=\S)", re.IGNORECASE
)
