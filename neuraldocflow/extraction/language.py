"""The language of a text, by its most frequent small words."""

from __future__ import annotations

from collections import Counter

from .patterns import regex

_WORD = regex(r"[^\W\d_]+")
_SMALL_WORDS = {
    "en": "the of and to in a is that for it as was with be by on not or are this from shall any",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es",
    "fr": "de la le et les des en un du une que est pour qui dans par sur au pas plus ce avec",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más",
    "it": "di e che la il un a per in una sono con non del le dei si da come alla più gli nel",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como ao",
    "nl": "de van het een en in is dat op te zijn met voor niet aan er om ook als bij door",
}
_SETS = {code: frozenset(words.split()) for code, words in _SMALL_WORDS.items()}


def detect(text: str, most: int = 20_000) -> str | None:
    """ISO 639-1 of the text, judged on its first ``most`` characters; None where too little speaks."""
    words = Counter(word.lower() for word in _WORD.findall(text[:most]))
    total = sum(words.values())
    if total < 20:
        return None
    scores = {code: sum(words[word] for word in small) / total for code, small in _SETS.items()}
    best = max(scores, key=lambda code: scores[code])
    return best if scores[best] >= 0.1 else None
