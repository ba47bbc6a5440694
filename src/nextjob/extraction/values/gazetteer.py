"""Places that normalising, grounding and the rules know: cities, regions, countries, and where a text names them."""

from collections.abc import Iterator, Sequence

from nextjob.extraction.values.folding import fold_words, word_set

_CITIES = {
    "France": {
        "Île-de-France": "Paris, La Défense, Boulogne-Billancourt, Saint-Denis, Montreuil, Nanterre, Courbevoie, "
        "Puteaux, Levallois-Perret, Issy-les-Moulineaux, Neuilly-sur-Seine, Vélizy-Villacoublay, Versailles, "
        "Massy, Saclay, Palaiseau, Guyancourt, Montigny-le-Bretonneux, Saint-Quentin-en-Yvelines, Créteil, "
        "Évry, Cergy, Argenteuil, Rueil-Malmaison, Suresnes, Clichy, Charenton-le-Pont, Montrouge, Malakoff, "
        "Noisy-le-Grand, Marne-la-Vallée, Fontenay-sous-Bois, Vincennes, Ivry-sur-Seine, Melun, Meudon, "
        "Saint-Ouen, Pantin, Aubervilliers, Bagneux, Châtillon, Clamart, Gennevilliers, Asnières-sur-Seine, Colombes, "
        "Bois-Colombes, La Garenne-Colombes, Saint-Cloud, Sèvres, Antony, Bobigny, Bagnolet, Villejuif, Arcueil, "
        "Gentilly, Vitry-sur-Seine, Rungis, Maisons-Alfort, Alfortville, Saint-Maurice, Roissy-en-France, "
        "Tremblay-en-France, Aulnay-sous-Bois, Le Bourget, Villepinte, Les Ulis, Orsay, Gif-sur-Yvette, Élancourt, "
        "Trappes, Plaisir, Poissy, Saint-Germain-en-Laye, Le Chesnay, Chatou, Torcy, Lognes, Lieusaint, "
        "Corbeil-Essonnes, Bussy-Saint-Georges, Fontainebleau, Pontoise, Mantes-la-Jolie",
        "Auvergne-Rhône-Alpes": "Lyon, Grenoble, Villeurbanne, Saint-Étienne, Clermont-Ferrand, Annecy, Chambéry, "
        "Valence, Bourg-en-Bresse, Meylan, Limonest, Écully, Vénissieux, Saint-Priest, Bron, Roanne, Vichy, "
        "Montluçon, Aurillac, Échirolles, Annemasse, Thonon-les-Bains",
        "Provence-Alpes-Côte d'Azur": "Marseille, Nice, Toulon, Aix-en-Provence, Sophia Antipolis, Avignon, "
        "Cannes, Antibes, Vitrolles, Aubagne, Valbonne, Arles, Fréjus, Hyères, La Ciotat, Marignane, Gap, "
        "Salon-de-Provence",
        "Occitanie": "Toulouse, Montpellier, Nîmes, Perpignan, Albi, Blagnac, Colomiers, Labège, Tarbes, Castres, "
        "Béziers, Narbonne, Carcassonne, Montauban, Sète, Rodez, Balma, Ramonville-Saint-Agne, Alès",
        "Nouvelle-Aquitaine": "Bordeaux, Limoges, Poitiers, La Rochelle, Pau, Bayonne, Mérignac, Niort, Angoulême, "
        "Pessac, Talence, Brive-la-Gaillarde, Périgueux, Agen, Biarritz, Anglet, Bidart, Châtellerault",
        "Hauts-de-France": "Lille, Amiens, Villeneuve-d'Ascq, Roubaix, Tourcoing, Valenciennes, Dunkerque, Lens, "
        "Arras, Calais, Marcq-en-Barœul, Lesquin, Wasquehal, Douai, Compiègne, Beauvais, Saint-Quentin, "
        "Boulogne-sur-Mer, Cambrai, Maubeuge, Soissons, Laon",
        "Grand Est": "Strasbourg, Reims, Metz, Nancy, Mulhouse, Colmar, Troyes, "
        "Épinal, Charleville-Mézières, Thionville, Illkirch-Graffenstaden, Schiltigheim, Haguenau, "
        "Châlons-en-Champagne",
        "Pays de la Loire": "Nantes, Angers, Le Mans, Saint-Nazaire, Laval, La Roche-sur-Yon, "
        "Saint-Herblain, Cholet, Orvault, Carquefou, Les Herbiers",
        "Bretagne": "Rennes, Brest, Quimper, Lorient, Vannes, Saint-Brieuc, Lannion, Saint-Malo, "
        "Cesson-Sévigné, Vitré, Fougères, Bruz, Concarneau",
        "Normandie": "Rouen, Caen, Le Havre, Cherbourg, Évreux, Alençon, Dieppe, Saint-Lô",
        "Centre-Val de Loire": "Orléans, Tours, Blois, Chartres, Bourges, Châteauroux, Dreux",
        "Bourgogne-Franche-Comté": "Dijon, Besançon, Belfort, Auxerre, Chalon-sur-Saône, Nevers, Mâcon, Montbéliard",
        "Corse": "Ajaccio, Bastia",
        "La Réunion": "Saint-Denis de La Réunion",
        "Guadeloupe": "Pointe-à-Pitre",
        "Martinique": "Fort-de-France",
    },
    "Belgium": {
        "Brussels": "Brussels",
        "Flanders": "Antwerp, Ghent, Leuven",
        "Wallonia": "Liège, Namur, Charleroi",
    },
    "Switzerland": {
        "Geneva": "Geneva",
        "Vaud": "Lausanne",
        "Zurich": "Zurich",
        "Basel": "Basel",
        "Bern": "Bern",
        "Neuchâtel": "Neuchâtel",
    },
    "Luxembourg": {"Luxembourg": "Luxembourg City"},
    "United Kingdom": {
        "England": "London, Manchester, Birmingham, Leeds, Cambridge, Oxford, Liverpool, Bristol",
        "Scotland": "Edinburgh, Glasgow",
        "Wales": "Cardiff",
        "Northern Ireland": "Belfast",
    },
    "Ireland": {"Leinster": "Dublin", "Munster": "Cork"},
    "Germany": {
        "Berlin": "Berlin",
        "Bavaria": "Munich, Nuremberg",
        "Hamburg": "Hamburg",
        "Hesse": "Frankfurt",
        "North Rhine-Westphalia": "Cologne, Düsseldorf, Dortmund, Essen",
        "Baden-Württemberg": "Stuttgart, Karlsruhe",
        "Saxony": "Leipzig, Dresden",
    },
    "Netherlands": {
        "North Holland": "Amsterdam",
        "South Holland": "Rotterdam, The Hague, Delft",
        "Utrecht": "Utrecht",
        "North Brabant": "Eindhoven",
    },
    "Spain": {
        "Madrid": "Madrid",
        "Catalonia": "Barcelona",
        "Valencia": "València",
        "Andalusia": "Seville, Málaga",
    },
    "Portugal": {"Lisbon": "Lisbon", "Porto": "Porto"},
    "Italy": {"Lazio": "Rome", "Lombardy": "Milan", "Piedmont": "Turin"},
    "Austria": {"Vienna": "Vienna"},
    "Poland": {"Masovia": "Warsaw", "Lesser Poland": "Kraków"},
    "Czechia": {"Prague": "Prague"},
    "Romania": {"Bucharest": "Bucharest"},
    "Denmark": {"Capital Region": "Copenhagen"},
    "Sweden": {"Stockholm": "Stockholm"},
    "Morocco": {"Casablanca-Settat": "Casablanca", "Rabat-Salé-Kénitra": "Rabat"},
    "Tunisia": {"Tunis": "Tunis"},
    "Canada": {
        "Quebec": "Montreal, Quebec City, Gatineau, Sherbrooke, Longueuil, Trois-Rivières",
        "Ontario": "Toronto, Ottawa, Mississauga, Kitchener, Waterloo",
        "British Columbia": "Vancouver, Victoria",
        "Alberta": "Calgary, Edmonton",
        "Manitoba": "Winnipeg",
        "Nova Scotia": "Halifax",
    },
    "United States": {
        "New York": "New York, Brooklyn, Buffalo",
        "California": "San Francisco, Los Angeles, San Diego, San Jose, Palo Alto, Mountain View, Oakland",
        "Massachusetts": "Boston",
        "Illinois": "Chicago",
        "Washington": "Seattle, Redmond",
        "Texas": "Austin, Dallas, Houston, San Antonio",
        "Georgia": "Atlanta",
        "Colorado": "Denver, Boulder",
        "Florida": "Miami, Orlando, Tampa, Jacksonville",
        "Pennsylvania": "Philadelphia, Pittsburgh",
        "District of Columbia": "Washington DC",
        "Arizona": "Phoenix",
        "Minnesota": "Minneapolis",
        "North Carolina": "Charlotte, Raleigh",
        "Oregon": "Portland",
        "Michigan": "Detroit",
    },
}

_ALIASES = {
    "Bruxelles": "Brussels", "Anvers": "Antwerp", "Gand": "Ghent", "Genève": "Geneva", "Bâle": "Basel",
    "Berne": "Bern", "Londres": "London", "München": "Munich", "Nürnberg": "Nuremberg",
    "Köln": "Cologne", "Francfort": "Frankfurt", "Hambourg": "Hamburg", "La Haye": "The Hague",
    "Barcelone": "Barcelona", "Valencia": "València", "Séville": "Seville", "Lisbonne": "Lisbon", "Milano": "Milan",
    "Roma": "Rome", "Torino": "Turin", "Wien": "Vienna", "Varsovie": "Warsaw", "Cracovie": "Kraków",
    "Bucarest": "Bucharest", "Copenhague": "Copenhagen", "Montréal": "Montreal",
    "Ville de Québec": "Quebec City", "NYC": "New York", "New York City": "New York",
    "Washington D.C.": "Washington DC", "Sophia": "Sophia Antipolis",
    "Paris La Défense": "La Défense", "Vélizy": "Vélizy-Villacoublay", "Levallois": "Levallois-Perret",
    "Issy": "Issy-les-Moulineaux", "Boulogne": "Boulogne-Billancourt", "Neuilly": "Neuilly-sur-Seine",
    "Asnières": "Asnières-sur-Seine", "Évry-Courcouronnes": "Évry", "Cergy-Pontoise": "Cergy",
    "Roissy": "Roissy-en-France",
}  # fmt: skip

_TWINS = {
    "London, Ontario, Canada": "London ON, London Ontario",
    "Laval, Quebec, Canada": "Laval QC, Laval Québec",
    "Cambridge, Massachusetts, United States": "Cambridge MA, Cambridge Massachusetts",
}

_REGIONS = {
    "Région parisienne": "Île-de-France", "IDF": "Île-de-France", "Rhône-Alpes": "Auvergne-Rhône-Alpes",
    "PACA": "Provence-Alpes-Côte d'Azur", "Côte d'Azur": "Provence-Alpes-Côte d'Azur",
    "Aquitaine": "Nouvelle-Aquitaine",
    "Brittany": "Bretagne", "Normandy": "Normandie", "Alsace": "Grand Est", "Québec": "Quebec",
    "Colombie-Britannique": "British Columbia", "Californie": "California",
}  # fmt: skip

_COUNTRIES = {
    "Royaume-Uni": "United Kingdom", "UK": "United Kingdom", "Great Britain": "United Kingdom", "USA": "United States",
    "United States of America": "United States", "États-Unis": "United States", "Belgique": "Belgium",
    "Suisse": "Switzerland", "Allemagne": "Germany", "Espagne": "Spain", "Pays-Bas": "Netherlands",
    "The Netherlands": "Netherlands", "Italie": "Italy", "Irlande": "Ireland", "Autriche": "Austria",
    "Pologne": "Poland",
    "Tchéquie": "Czechia", "République tchèque": "Czechia", "Czech Republic": "Czechia", "Roumanie": "Romania",
    "Danemark": "Denmark", "Suède": "Sweden", "Maroc": "Morocco", "Tunisie": "Tunisia",
}  # fmt: skip

Words = tuple[str, ...]

CITIES: dict[Words, str] = {
    tuple(fold_words(city)): f"{city}, {region}, {country}"
    for country, regions in _CITIES.items()
    for region, cities in regions.items()
    for city in cities.split(", ")
}
"""Folded words of a city -> "City, Region, Country"."""

CITIES |= {tuple(fold_words(alias)): CITIES[tuple(fold_words(city))] for alias, city in _ALIASES.items()}
CITIES |= {tuple(fold_words(name)): place for place, names in _TWINS.items() for name in names.split(", ")}

COUNTRIES: dict[Words, str] = {
    tuple(fold_words(name)): country
    for name, country in ({country: country for country in _CITIES} | _COUNTRIES).items()
}
"""Folded words of a country, in English and French -> its English name."""

REGIONS: dict[Words, str] = {
    tuple(fold_words(region)): f"{region}, {country}" for country, regions in _CITIES.items() for region in regions
}
REGIONS |= {tuple(fold_words(alias)): REGIONS[tuple(fold_words(region))] for alias, region in _REGIONS.items()}
REGIONS = {words: region for words, region in REGIONS.items() if words not in CITIES and words not in COUNTRIES}
"""Folded words of a region that no city or country is called by -> "Region, Country"."""

PLACE_WORDS = word_set(
    "localisation location lieu lieux ville city adresse address base basee bases basees based situe situee "
    "located locaux bureau bureaux office offices site sites agence agences poste presentiel presence deplacement "
    "deplacements quartier esplanade arche"
)
PREPOSITIONS = frozenset(("a", "sur", "in", "at", "near", "vers", "entre"))
ALSO_WORDS = word_set(
    "antony charlotte cork essen gap laval lens nice orlando pau phoenix plaisir sophia tours valence vannes "
    "victoria vitre"
)
"""Cities that are words or names of people and things as well."""

_ARTICLES = frozenset(("la", "le", "les", "the"))
_LONGEST = max(map(len, CITIES))
_FIRST_WORDS = {city[0] for city in CITIES}


def find_cities(words: list[str]) -> list[tuple[int, Words]]:
    """Cities in folded words: (position, folded city), longest match first, none inside another."""
    found: list[tuple[int, Words]] = []
    position = 0
    while position < len(words):
        if words[position] in _FIRST_WORDS:
            for length in range(_LONGEST, 0, -1):
                candidate = tuple(words[position : position + length])
                if candidate in CITIES:
                    found.append((position, candidate))
                    position += length - 1
                    break
        position += 1
    return found


def named_cities(words: Sequence[str], folded: list[str]) -> Iterator[tuple[int, Words]]:
    """The cities that a text names as such, of its words as written and folded: (position, folded city).

    A city is written with a capital, and one that is a word as well stands where a place does: after "à", "in",
    "bureau de" or a postal code, or before its country, its region or a number.
    """
    for position, city in find_cities(folded):
        end = position + len(city)
        ambiguous = city[0] in ALSO_WORDS if len(city) == 1 else city == ("la", "defense") and words[position] == "la"
        if ambiguous and not _stands_as_place(folded, position, end, CITIES[city]):
            continue
        if has_capital(words[position:end]):
            yield position, city


def has_capital(name: Sequence[str]) -> bool:
    """True where the first word of a name begins with a capital, an article apart."""
    return name[len(name) > 1 and name[0].lower() in _ARTICLES][0].isupper()


def _stands_as_place(folded: list[str], start: int, end: int, place: str) -> bool:
    before, after = folded[max(start - 2, 0) : start], folded[end : end + 4]
    last = before[-1] if before else ""
    return (
        last in PREPOSITIONS | PLACE_WORDS
        or is_postal_code(last)
        or (last in ("de", "d", "of") and before[0] in PLACE_WORDS)
        or (bool(after) and after[0].isdecimal() and len(after[0]) in (2, 5))
        or any(after[: len(words)] == words for words in map(fold_words, place.split(", ")[1:]))
    )


def is_postal_code(word: str) -> bool:
    """Five digits."""
    return len(word) == 5 and word.isdecimal()
