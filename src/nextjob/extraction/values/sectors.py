"""Words that name a sector, folded, in English and French; two words are joined by a hyphen."""

_WORDS = {
    "Software": """
        logiciel logiciels software developpeur developpeuse developer devops informatique saas cloud java
        python javascript frontend backend fullstack esn ssii cybersecurite cybersecurity
    """,
    "Banking and finance": """
        banque banques bancaire bancaires bank banking bfi cib fintech paiement paiements credit credits
        finance-de-marche salle-des-marches trading titres capital-markets asset-management
        corporate-banking
    """,
    "Insurance": """
        assurance assurances assureur insurance mutuelle mutuelles prevoyance sinistres iard courtage
        reassurance actuariat underwriting claims
    """,
    "Consulting": """
        conseil consulting cabinet-de-conseil consultancy strategie-conseil
    """,
    "Healthcare": """
        sante hopital hopitaux hospitalier clinique patients patient medecins medical healthcare hospital
        soignants infirmier infirmiere ehpad nurse nursing
    """,
    "Pharmaceuticals": """
        pharmaceutique pharmaceutiques pharma pharmaceutical biotech biotechnologie medicaments
        essais-cliniques clinical-trials laboratoire-pharmaceutique
    """,
    "Retail": """
        retail grande-distribution magasin magasins e-commerce ecommerce commerce-en-ligne luxe
        merchandising cosmetique mode fashion
    """,
    "Manufacturing": """
        industrie industriel industrielle usine usines production-industrielle manufacturing factory
        metallurgie chimie plasturgie maintenance-industrielle
    """,
    "Automotive": """
        automobile automobiles automotive vehicule vehicules constructeur-automobile equipementier
    """,
    "Aerospace and defence": """
        aeronautique aerospatial aerospace aviation spatial avionique defense armement
    """,
    "Energy": """
        energie energies energetique nucleaire electricite petrole gaz eolien photovoltaique energy oil
        nuclear renewable renouvelables
    """,
    "Telecommunications": """
        telecom telecoms telecommunication telecommunications operateur-telecom 5g mobile-network
    """,
    "Transport and logistics": """
        logistique logistics transport transports supply-chain entrepot entrepots warehouse ferroviaire fret
        freight maritime
    """,
    "Construction": """
        btp batiment chantier chantiers immobilier real-estate genie-civil bailleur
    """,
    "Education": """
        education enseignement ecole ecoles universite university school eleves etudiants formation-initiale
        pedagogique academie teaching
    """,
    "Public sector": """
        ministere ministeres administrations collectivites collectivite prefecture mairie service-public
        services-publics public-sector government federal beta-gouv secteur-public startup-d-etat
        gouvernement fonction-publique
    """,
    "Media": """
        media medias presse television radio audiovisuel publicite advertising journalisme journal
        jeux-video gaming
    """,
    "Hospitality": """
        hotel hotels hotellerie restauration restaurant restaurants tourisme tourism hospitality
    """,
    "Agriculture": """
        agricole agricoles agriculture agroalimentaire agronomie elevage alimentaire food farming
    """,
    "Non-profit": """
        association-loi ong ngo nonprofit non-profit charity humanitaire fondation economie-sociale
    """,
}

KEYWORDS: dict[tuple[str, ...], str] = {
    tuple(word.split("-")): sector for sector, words in _WORDS.items() for word in words.split()
}
"""Folded words, one to three in a row -> sector."""

GENERAL = frozenset({"Software", "Consulting"})
"""Sectors whose words turn up in the ads of every other sector, and so count less."""
