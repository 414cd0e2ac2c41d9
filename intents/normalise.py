"""One written form for what people type and what recognisers hear, the same for templates and for hypotheses."""

from __future__ import annotations

import re
import unicodedata

MAX_WORDS = 60
"""No command of ours is nearly this long; a longer text is out of scope, never cut (its end may hold the "not")."""
MAX_CHARACTERS = 1000
"""The same bound before any work is done on the text."""

# Contractions are expanded, not formed: "what's" and "what is" both become "what is". Whole words first.
_WORDS = {
    "can't": "can not",
    "cannot": "can not",
    "cant": "can not",
    "didnt": "did not",
    "doesnt": "does not",
    "dont": "do not",
    "gimme": "give me",
    "gonna": "going to",
    "hows": "how is",
    "im": "i am",
    "let's": "let us",
    "lets": "let us",
    "ok": "okay",
    "thats": "that is",
    "wanna": "want to",
    "whats": "what is",
    "won't": "will not",
    "wont": "will not",
}
# Which words "'s" means "is" after; anywhere else it is a possessive and only loses its apostrophe.
_IS = r"(what|how|it|that|there|here|where|who|he|she)'s"
_ENDINGS = {"n't": "not", "'re": "are", "'ll": "will", "'d": "would", "'m": "am", "'ve": "have", "'s": "is"}
_SMALL = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = (*_SMALL, *(f"{tens} {unit}".strip() for tens in _TENS for unit in ("", *_SMALL[1:10])))
_IN_FULL = _WORDS | {digits: said for n, said in enumerate(_NUMBERS) for digits in (f"{n}", f"{n:02}")}

# A time of the clock in digits, and no more than that.
_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_HALF_OF_DAY = re.compile(r"(?<=\d)\s?([ap])\.?m\b\.?", re.IGNORECASE)
# "am" is a word of its own but after a time.
_AM = re.compile(rf"\b({'|'.join([*_SMALL[1:], *_TENS, 'oclock'])}) (am|pm)\b")

_PLAIN = re.compile(r"[a-zA-Z ]*")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4\u0060\uff07", "'"))
_LATIN_MARKS = re.compile("([a-z])[\u0300-\u036f]+")
_NOT_IN_A_WORD = re.compile(r"[^\w' ]|_")
_LOOSE_APOSTROPHE = re.compile(r"(?<!\w)'+(?!(?:s|re|ll|d|m|ve)\b)|'+(?!\w)|'(?=')")
_IS_AFTER = re.compile(rf"\b{_IS}\b")
_ENDING = re.compile(r"(?<=[a-z])(n't|'re|'ll|'d|'m|'ve)\b|(?<!\w)('re|'ll|'d|'m|'ve|'s)\b")


def too_long(text: str) -> bool:
    """Whether `text` is longer than any command could be (`MAX_CHARACTERS`, `MAX_WORDS`)."""
    # Words take two characters each with the space between them: most texts need not be split.
    return len(text) > MAX_CHARACTERS or (len(text) > 2 * MAX_WORDS and len(text.split()) > MAX_WORDS)


def clean(text: str) -> str:
    """Fold case, Unicode forms, punctuation and white space; keep the contractions as they are spoken.

    A time in digits becomes one in words ("7:05pm" is "7 oh 5 p m", as "19:05" is, since that is how it is said).
    NFKC, lower case, accents off Latin letters, typographic apostrophes made plain, "&" spoken as "and", every other
    punctuation, control and zero-width character removed, one space between words.
    """
    if _PLAIN.fullmatch(text):
        # Most that is typed or heard: nothing else in here changes it.
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).lower().translate(_APOSTROPHES)
    text = _LATIN_MARKS.sub(r"\1", unicodedata.normalize("NFKD", text))
    text = unicodedata.normalize("NFKC", text).replace("&", " and ")
    # Category C: control, format (zero width, direction marks), surrogates. Line breaks and tabs do part words.
    text = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    text = _HALF_OF_DAY.sub(r" \1 m", _CLOCK.sub(_clock, text))
    text = _LOOSE_APOSTROPHE.sub("", _NOT_IN_A_WORD.sub(" ", text))
    return " ".join(text.split())


def normalise(text: str) -> str:
    """`clean`, then contractions expanded and numbers below a hundred spelt out; normalising twice changes nothing.

    Both spellings of a contraction become the long one ("what's", "whats" and "what is" are "what is"; "i'd" is
    "i would"), so a template may be written either way. The result is for comparing; what to say or to listen for
    comes from `clean`.
    """
    text = clean(text)
    if "'" in text:
        words = [_WORDS.get(word, word) for word in _IS_AFTER.sub(r"\1 is", text).split()]
        text = _ENDING.sub(lambda match: f" {_ENDINGS[match.group()]}", " ".join(words)).replace("'", "")
    words = [_IN_FULL.get(word, word) for word in text.split()]
    text = " ".join(words)
    if "am" in words or "pm" in words:
        return _AM.sub(lambda match: f"{match[1]} {match[2][0]} m", text)
    return text


def _clock(match: re.Match[str]) -> str:
    """A time in digits as it is spoken; on a clock of 24 hours where it can be no other."""
    hour, minute = int(match[1]), match[2]
    half = "" if 0 < hour <= 12 else " p m" if hour else " a m"
    after = " o'clock" if minute == "00" else f" oh {minute[1]}" if minute[0] == "0" else f" {minute}"
    return f"{hour % 12 or 12}{after}{half}"
