"""The title of an ad that has no TITLE block: whom it says it is looking for."""

import re
from heapq import merge

from nextjob.extraction.values.folding import fold_words, word_set

LONGEST = 10
"""Most words of a title."""

# "nous recrutons un·e ...", "is hiring a ...": an article says that one person is wanted.
_ONE = r"(?:une?(?:\s?[·.•‧/(-]\s?(?:une?|e)\)?)?(?: ou une?)?|deux|son(?: ou sa)?|sa|notre|leurs) (?:futur\S* )?"
_FRENCH = re.compile(
    r"\b(?:(?:recherch|recrut|cherch|embauch)(?:e|ons|ent|er|ant|ement)(?: (?:donc|ainsi|également|actuellement|"
    rf"aujourd['’]hui))?(?: d['’]| :)? ?{_ONE}|(?:intitulé du )?poste ?: ?(?:{_ONE})?)"
    r"(?=(?P<title>[^\n,;:!?]{3,100}))",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:(?:looking for|hiring|hires?|seeking|seeks|recruiting|needs?)(?: to hire)? (?:an?|our) |"
    r"(?:job title|position) ?: ?)(?=(?P<title>[^\n,;:!?]{3,100}))",
    re.IGNORECASE,
)
_AS = re.compile(r"\b(?:en tant que?|as an?) (?=(?P<title>[^\n,;:!?]{3,100}), (?:vous|tu|you)\b)", re.IGNORECASE)
_END = re.compile(
    r"\s(?:pour|afin|qui|avec|dans|au sein|à|capable|chez|dès|ayant|motivée?|passionnée?|intéressée?|sur|basée?|"
    r"désireu\w+|souhait\w+|prête?|dont|disponible|est|sera|vous|et (?:vous|voulez|souhaitez|aimez|avez)|"
    r"en (?:vue|charge|cdi|freelance|indépendant|stage|alternance)|to|for|who|with|in|at|that|will|you|is)\b.*"
    r"|(?<!\b[SJD]r)\.(?:\s.*|$)|\s[-–—«([|]\s?.*$|\s+\((?:h|f|m|w)\W.*|\s+[^\w\s]+$|\s(?:et|ou|and|or)$",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"\b(\w{4,}) ou une? (?=\w{4,})", re.IGNORECASE)
_NO_TITLES = word_set(
    "a autre autres bon bonne candidat candidate candidature collaborateur collaboratrice collegue contrat equipe "
    "experience famille grand grande membre mission nouveau nouvel nouvelle partenaire personnalite personne personnes "
    "petit petite poste premier premiere profil profils quatrieme renfort seconde solution stage talent talents "
    "travail troisieme vrai vraie "
    "balance bright career change colleague company culture curious dynamic employer few friendly good great highly "
    "home job lot motivated new part partner passionate people person place profile range set strong talented team "
    "teammate third variety way"
)
"""Words that nobody is called by, first or last in what is wanted."""
_CALLED = word_set("chargee chargees dev developpeuse designeuse responsable")
"""Words that make "personne" a title: "personne chargée de déploiement"."""


def wanted_title(text: str) -> str:
    """The first person that an ad says it is looking for, as written there, "" for none."""
    found = (((cue.start(), cue.group("title")) for cue in cues.finditer(text)) for cues in (_FRENCH, _ENGLISH, _AS))
    for _, phrase in merge(*found):
        title = phrase
        while (shorter := _END.sub("", title)) != title:
            title = shorter
        title = _PAIR.sub(r"\1 ou ", title).strip(" «»\"'’–—*-.·")
        words = fold_words(title)
        if words[:1] == ["personne"] and words[1:2] and words[1] in _CALLED:
            words = words[1:]
        if words and len(words) <= LONGEST and _NO_TITLES.isdisjoint((words[0], words[-1])):
            return title
    return ""
