"""The title of an ad that has no TITLE block: its first line, or the person that it says it is looking for."""

import re

from nextjob.extraction.values.folding import fold_words, word_set

LONGEST = 10
"""Most words of a title."""

# Between "we are looking for" and the title; "un·e" is two words here.
_FRENCH_ARTICLES = (
    r"(?:(?:une?|e|s|es|des|deux|plusieurs|ou|son|sa|leurs|notre|votre|futur|future|donc|ainsi|également|actuellement|"
    r"de)(?!\w)\W{0,3}|[ld]['’]|profil )*"
)
_FRENCH = re.compile(
    r"\b(?:(?:recherch|recrut|cherch|embauch)(?:e|ons|ent|er|ant|ement)|accueillir|besoin|en tant que?|poste|"
    rf"vous êtes|tu es)\b[ \t:]*{_FRENCH_ARTICLES}(?=(?P<title>[^\n,;:!?]{{3,100}}))",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:looking for|hiring|hire|seeking|seeks|recruiting|job title|position|role of|"
    r"(?<!such )(?:as|needs?|you are) (?=an? ))\b[ \t:]*(?:(?:an?|the|our|to hire)\b\s*)*"
    r"(?=(?P<title>[^\n,;:!?]{3,100}))",
    re.IGNORECASE,
)
_END = re.compile(
    r"\s(?:pour|afin|qui|avec|dans|au sein|à|capable|chez|dès|ayant|motivée?|passionnée?|intéressée?|sur|basée?|"
    r"désireu\w+|souhait\w+|prête?|dont|disponible|est|sera|vous|et (?:vous|voulez|souhaitez|aimez|avez)|"
    r"en (?:vue|charge|cdi|freelance|indépendant|stage|alternance)|to|for|who|with|in|at|that|will|you|is)\b.*"
    r"|\.(?:\s.*|$)|\s[-–—«([|]\s?.*$|\s+\((?:h|f|m|w)\W.*",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"\b(\w{4,}) ou une? (?=\w{4,})", re.IGNORECASE)

_PERSON = re.compile(r"(?:eur|euse|rice|ist|iste|ien|ienne|ian|(?:at|it|is|ct)or)$")
_PEOPLE = word_set(
    # French
    "agent agente alternant analyste apprenti architecte assistant assistante banquier cadre caissier charge "
    "chargee chef cheffe comptable conseiller conseillere consultant consultante cuisinier developpeu enseignant "
    "enseignante expert experte infirmier infirmiere jardinier juriste magasinier ouvrier pilote referent referente "
    "responsable secretaire stagiaire "
    # English
    "accountant adviser analyst architect buyer chief coach controller designer developer driver engineer head intern "
    "lawyer leader manager nurse officer owner planner programmer recruiter researcher specialist storyteller student "
    "teacher tester trainee trainer writer "
    # what begins a title in both
    "back business community content data dev devops front full fullstack growth junior lead ops product senior "
    "software sre ui ux web"
)
_NOT_PEOPLE = word_set(
    "acteur ailleur ailleurs bien contributeur exterieur heure interieur leur meilleur meilleure moteur ordinateur "
    "plusieur plusieurs secteur serveur simulateur superieur utilisateur valeur"
)
_WITHIN = word_set("de du des d l la le les a en of the for")
"""Words after which the last word of a title is not the person."""


def wanted_title(text: str) -> str:
    """First line of an ad where it reads like a title, else the first person it is looking for, "" for none."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not re.search(r"[.!?:](?:\s|$)", first) and not _cues(first) and _is_title(first):
        return first
    for _, phrase in sorted(_cues(text)):
        title = _PAIR.sub(r"\1 ou ", _END.sub("", phrase)).strip(" «»\"'’–—*-.·")
        if _is_title(title):
            return title
    return ""


def _cues(text: str) -> list[tuple[int, str]]:
    """Where the text says whom it is looking for, and what follows."""
    return [(cue.start(), cue.group("title")) for pattern in (_FRENCH, _ENGLISH) for cue in pattern.finditer(text)]


def _is_title(phrase: str) -> bool:
    """True for a few words of which the first names a person, or, in English order, the last."""
    words = fold_words(re.sub(r"^personne ", "", phrase, flags=re.IGNORECASE))
    ends = words[:1] + words[-1:] if _WITHIN.isdisjoint(words) else words[:1]
    return len(words) <= LONGEST and any(_is_person(word) or _is_person(word.removesuffix("s")) for word in ends)


def _is_person(word: str) -> bool:
    return word in _PEOPLE or (word not in _NOT_PEOPLE and _PERSON.search(word) is not None)
