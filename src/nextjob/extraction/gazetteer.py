"""Cities the normaliser and the rules know, as city -> "City, Region, Country"."""

from nextjob.extraction.folding import fold_words

_CITIES = {
    "France": {
        "Île-de-France": "Paris, La Défense, Boulogne-Billancourt, Saint-Denis, Montreuil, Nanterre, Courbevoie, "
        "Puteaux, Levallois-Perret, Issy-les-Moulineaux, Neuilly-sur-Seine, Vélizy-Villacoublay, Versailles, "
        "Massy, Saclay, Palaiseau, Guyancourt, Montigny-le-Bretonneux, Saint-Quentin-en-Yvelines, Créteil, "
        "Évry, Cergy, Argenteuil, Rueil-Malmaison, Suresnes, Clichy, Charenton-le-Pont, Montrouge, Malakoff, "
        "Noisy-le-Grand, Marne-la-Vallée, Fontenay-sous-Bois, Vincennes, Ivry-sur-Seine, Melun, Meudon",
        "Auvergne-Rhône-Alpes": "Lyon, Grenoble, Villeurbanne, Saint-Étienne, Clermont-Ferrand, Annecy, Chambéry, "
        "Valence, Bourg-en-Bresse, Meylan, Limonest, Écully",
        "Provence-Alpes-Côte d'Azur": "Marseille, Nice, Toulon, Aix-en-Provence, Sophia Antipolis, Avignon, "
        "Cannes, Antibes, Vitrolles, Aubagne",
        "Occitanie": "Toulouse, Montpellier, Nîmes, Perpignan, Albi, Blagnac, Colomiers, Labège, Tarbes, Castres",
        "Nouvelle-Aquitaine": "Bordeaux, Limoges, Poitiers, La Rochelle, Pau, Bayonne, Mérignac, Niort, Angoulême",
        "Hauts-de-France": "Lille, Amiens, Villeneuve-d'Ascq, Roubaix, Tourcoing, Valenciennes, Dunkerque, Lens, "
        "Arras, Calais",
        "Grand Est": "Strasbourg, Reims, Metz, Nancy, Mulhouse, Colmar, Troyes",
        "Pays de la Loire": "Nantes, Angers, Le Mans, Saint-Nazaire, Laval, La Roche-sur-Yon, Saint-Herblain",
        "Bretagne": "Rennes, Brest, Quimper, Lorient, Vannes, Saint-Brieuc, Lannion, Saint-Malo, Cesson-Sévigné",
        "Normandie": "Rouen, Caen, Le Havre, Cherbourg",
        "Centre-Val de Loire": "Orléans, Tours, Blois, Chartres, Bourges",
        "Bourgogne-Franche-Comté": "Dijon, Besançon, Belfort, Auxerre",
        "Corse": "Ajaccio, Bastia",
        "La Réunion": "Saint-Denis de La Réunion",
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
        "Quebec": "Montreal, Quebec City, Gatineau, Laval QC, Sherbrooke",
        "Ontario": "Toronto, Ottawa, Mississauga, Kitchener, Waterloo, London ON",
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
    "Berne": "Bern", "Londres": "London", "Munich": "Munich", "München": "Munich", "Cologne": "Cologne",
    "Köln": "Cologne", "Francfort": "Frankfurt", "La Haye": "The Hague", "Barcelone": "Barcelona",
    "Lisbonne": "Lisbon", "Milano": "Milan", "Roma": "Rome", "Wien": "Vienna", "Varsovie": "Warsaw",
    "Copenhague": "Copenhagen", "Montréal": "Montreal", "Ville de Québec": "Quebec City", "NYC": "New York",
    "New York City": "New York", "Washington D.C.": "Washington DC", "Sophia": "Sophia Antipolis",
    "Vélizy": "Vélizy-Villacoublay", "Levallois": "Levallois-Perret", "Issy": "Issy-les-Moulineaux",
}  # fmt: skip

_COUNTRIES = {
    "Royaume-Uni": "United Kingdom", "UK": "United Kingdom", "USA": "United States", "États-Unis": "United States",
    "Belgique": "Belgium", "Suisse": "Switzerland", "Allemagne": "Germany", "Espagne": "Spain",
    "Pays-Bas": "Netherlands", "Italie": "Italy", "Irlande": "Ireland", "Maroc": "Morocco", "Tunisie": "Tunisia",
}  # fmt: skip

Words = tuple[str, ...]

CITIES: dict[Words, str] = {
    tuple(fold_words(city)): f"{city}, {region}, {country}"
    for country, regions in _CITIES.items()
    for region, cities in regions.items()
    for city in cities.split(", ")
}
"""Folded words of a city -> "City, Region, Country"."""

for _alias, _city in _ALIASES.items():
    CITIES[tuple(fold_words(_alias))] = CITIES[tuple(fold_words(_city))]

COUNTRIES: dict[Words, str] = {
    tuple(fold_words(name)): country
    for name, country in ({country: country for country in _CITIES} | _COUNTRIES).items()
}
"""Folded words of a country, in English and French -> its English name."""

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
