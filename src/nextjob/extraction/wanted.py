"""The title of an ad that has no TITLE block: whom it says it is looking for."""

import re
from heapq import merge

from nextjob.extraction.values.folding import fold_words, word_set

LONGEST = 10
"""Most words of a title, single letters apart ("chargé·e d'exploitation" has two)."""

# An article says that one person is wanted; "également" that somebody else is, too, and "pour recruter" by whom.
_ONE = (
    r"(?:une?(?:\s?[·.•‧/(-]\s?(?:une?|e)\)?)?(?: ou (?:d['’])?une?)?|deux|son(?: ou sa)?|sa|notre|leurs) "
    r"(?:(?:futur|prochain)\S* )?"
)
_ADVERB = r"(?: (?:donc|ainsi|aujourd['’]hui|(?!également)\w+ment))?"
_AS = r"en tant qu(?:e |['’])"
_PHRASE = r"(?=(?P<title>[^\n,;:!?]{3,100}))"
_WORD = r"(?!(?:nous|qu[ei])\b)[^\s,;:!?]+"
_CUES = tuple(
    re.compile(cue, re.IGNORECASE)
    for cue in (
        # nous recrutons un·e ..., nous recherchons pour notre client un·e ..., à la recherche d'un ou d'une ...
        r"(?<!pour )\b(?:recherch|recrut|cherch|embauch)(?:e|ons|ent|er|ant|ement)"
        rf"{_ADVERB}(?:,? pour [^\n.]{{3,60}}?,? (?=une?\b)|(?: d['’]|(?<=à la recherche) de| :)? ?){_ONE}{_PHRASE}",
        # nous recrutons des ...
        rf"\b(?:recherch|recrut|embauch)ons{_ADVERB} (?:des|plusieurs) {_PHRASE}",
        # poste : ..., pourvoir un poste de ..., rejoignez-nous en tant que ...
        rf"\b(?:(?:poste(?: à pourvoir)?|offre (?:d['’]emploi|de stage)) ?: ?(?:{_ONE})?|"
        r"(?:(?m:^)|(?:occuper|pourvoir) (?:un|le) )poste d(?:e (?!jour|nuit)|['’])|"
        rf"rejoi[^\n.]{{0,50}}? {_AS}){_PHRASE}",
        # en tant que ..., vous
        rf"\b(?:{_AS}|à titre de )(?=(?P<title>{_WORD}(?: {_WORD}){{0,9}}?),? "
        r"(?:vous|tu|votre|vos|ton|ta|tes|le(?:/la)? (?:candidat|prestataire|titulaire))\b)",
        # we are hiring a ..., looking for a Health, Safety and Environment Manager
        r"\b(?:look(?:ing|s) (?:for|to (?:hire|recruit))|(?:hiring|hires?|seek(?:ing|s)?|recruiting|needs?)"
        r"(?: for| to (?:hire|recruit))?|in search of|searching for|opening for) (?:an?|our) (?=(?P<title>"
        r"(?-i:(?:[A-Z]\w+, )+[A-Z]\w+,? (?:and|&) [A-Z])[^\n,;:!?]{3,80}|[^\n,;:!?]{3,100}))",
        # job title: ..., join us as a ...
        rf"\b(?:(?:job title|position) ?: ?|join [^\n.]{{0,50}}? as (?:an?|our) ){_PHRASE}",
        # as the ..., you
        r"\bas (?:an?|our|the) (?=(?P<title>[^\n,;:!?]{3,100}), (?:your?|he|she|the candidate)\b)",
        # the Data Engineer role is
        r"\b(?:the|this) (?=(?P<title>(?-i:[A-Z][\w/&-]+ ){1,6})(?:role|position) (?:is|will)\b)",
    )
)
_ACRONYM = re.compile(r" \([A-Z&/]{2,6}\)(?= \w)")
_END = re.compile(
    r"\s(?:pour|afin|qui|avec|dans|au sein|à|capable|chez|dès|ayant|sur|basée?|"
    r"désireu\w+|souhait\w+|prête?|dont|disponible|est|sera|vous|et (?:une?|vous|voulez|souhaitez|aimez|avez)|"
    r"(?:et )?(?:motivé|passionné|intéressé|dévoué|rigoureu|curieu)\S*|d['’]expérience(?! utilisat| client)|"
    r"en (?:vue|charge|cdi|freelance|indépendant|stage|alternance)|susceptible|freelance|"
    r"to|for|who|with|in|at|that|will|you|is|(?:as|on) an?)\b.*"
    r"|(?<!\b[SJD]r)\.(?:\s.*|$)|\s[-–—«([|]\s?.*$|\s+\((?:h|f|m|w)\W.*|\s+[hfmw]\s?/\s?[hfmw]\b.*|\s+[^\w\s]+$|\s(?:et|ou|and|or)$",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"\b(\w{4,}) ou une? (?=\w{4,})", re.IGNORECASE)
_INFINITIVE = re.compile(r"charg\S+ d(?:e |['’])\w+[ei]r\b", re.IGNORECASE)
_NO_TITLES = word_set(
    "a autre bon bonne candidat candidate candidature collaborateur collaboratrice collegue contrat equipe etudiant "
    "etudiante experience famille grand grande membre mission nouveau nouvel nouvelle partenaire personnalite personne "
    "petit petite poste premier premiere profil quatrieme renfort seconde solution stage talent travail troisieme vrai "
    "vraie "
    "balance bright career change colleague company culture curious dynamic employer few friendly good great highly "
    "home job lot motivated new part partner passionate people person place profile range set strong student talented "
    "team teammate third variety way"
)
"""Words that nobody is called by, first or last in what is wanted, without the s of a plural."""
_CALLED = word_set("chargee chargees dev developpeuse designeuse responsable")
"""Words that make "personne" a title: "personne chargée de déploiement"."""


def wanted_title(text: str) -> str:
    """The first person that an ad says it is looking for, as written there, "" for none."""
    found = (((cue.start(), cue.group("title")) for cue in cues.finditer(text)) for cues in _CUES)
    for _, phrase in merge(*found):
        title = _ACRONYM.sub("", phrase)
        while (shorter := _END.sub("", title)) != title:
            title = shorter
        title = _PAIR.sub(r"\1 ou ", title).strip(" «»\"'’–—*-.·")
        words = fold_words(title)
        if words[:1] == ["personne"] and words[1:2] and words[1] in _CALLED and not _INFINITIVE.search(title):
            words = words[1:]
        if words[-2:] == ["de", "mission"]:
            words = words[:-1]
        length = sum(len(word) > 1 for word in words)
        ends = {word.rstrip("s") for word in words[:1] + words[-1:]}
        if 0 < length <= LONGEST and not ends & _NO_TITLES:
            return title
    return ""
