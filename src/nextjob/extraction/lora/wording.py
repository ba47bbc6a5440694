"""Wording of the synthetic training ads, as (French, English): every organisation is invented, the cities are not.

`{k}` a company, `{c}` `{d}` `{e}` cities, `{t}` a title, `{n}` a number of years, `{m}` a larger one, `{i}` a sector.
"""

Phrases = tuple[tuple[str, ...], tuple[str, ...]]

SYLLABLES = (
    "al", "bre", "ca", "dor", "el", "fi", "gra", "hel", "iva", "jo", "ka", "lu", "ma", "no", "or", "pra", "qui", "ra",
    "so", "ti", "ul", "ve", "xan", "yl", "zo", "mon", "tel", "vix", "dis", "nel",
)  # fmt: skip
FIRM_FORMS = (
    "{x}", "{x}", "{x}", "{x} Consulting", "{x} Technologies", "Groupe {x}", "{x} Conseil", "{x} Systems", "{x} & Co",
    "{x} Solutions", "{x} Digital", "Cabinet {x}", "{x} Group", "{x} Labs", "Banque {x}", "{x} Assurances",
    "Laboratoires {x}", "{x}.io", "{x}Tech", "{x} France",
)  # fmt: skip
PUBLIC_FORMS = (
    "Métropole de {x}", "Agence {x}", "Office national {x}", "Communauté de communes {x}", "Mission {x}",
    "Direction du numérique de {x}", "Régie {x}", "Institut {x}", "Ministère {x}", "Département de {x}", "{x} Agency",
    "Department of {x}", "{x} Digital Service", "Service numérique {x}", "City of {x}", "Fabrique {x}",
    "Incubateur {x}", "{w}.gouv.fr", "{w}.beta.gouv.fr", "data.{w}.fr",
)  # fmt: skip
PRODUCT_FORMS = (
    "Mon {w}", "{w} Connect", "e-{w}", "{w} Facile", "Aides {w}", "{w}Info", "Pass {w}", "Mes {w}s", "API {w}",
    "Zéro {w}", "Objectif {w}", "{w} & moi", "RDV {w}", "Signal {w}", "Carnet de {w}", "La Base {w}", "Plateforme {w}",
    "{w} Plus", "A-{w}", "Ma Carte {w}",
)  # fmt: skip
PRODUCT_WORDS = (
    "Logement", "Habitat", "Emploi", "Stage", "Vélo", "Climat", "Énergie", "Culture", "Santé", "Permis", "Dossier",
    "Jardin", "École", "Transport", "Facture", "Retraite", "Justice", "Forêt", "Terrain", "Budget", "Chantier",
    "Quartier", "Famille", "Sport", "Musée", "Archive", "Rivière", "Commerce", "Métier", "Atelier",
)  # fmt: skip
ACRONYM_LETTERS = "ABCDEFGILMNOPRSTUV"

COMPANY: Phrases = (
    (
        "{k} recrute pour renforcer ses équipes.",
        "Rejoignez {k} !",
        "Chez {k}, nous croyons au travail bien fait.",
        "À propos de {k} : nous accompagnons nos usagers depuis dix ans.",
        "Entreprise : {k}",
        "Employeur : {k}",
        "{k} est un acteur reconnu de son domaine.",
        "L'équipe {k} s'agrandit et cherche de nouveaux talents.",
        "Qui sommes-nous ?\n{k} développe des services utiles et simples.",
        "En rejoignant {k}, vous intégrez une équipe à taille humaine.",
        "Créée en 2012, {k} compte aujourd'hui 250 collaborateurs.",
        "Envie de rejoindre {k} ? Écrivez-nous.",
        "Nous sommes {k}, une équipe de quarante personnes.",
        "{k} simplifie les démarches de milliers de personnes chaque jour.",
        "Vous travaillerez au sein de {k}, dans une équipe pluridisciplinaire.",
    ),
    (
        "{k} is hiring.",
        "Join {k}!",
        "At {k}, we care about work well done.",
        "About {k}: we have been serving our customers for ten years.",
        "Company: {k}",
        "Employer: {k}",
        "{k} is a leading player in its field.",
        "The {k} team is growing and looking for new talent.",
        "Who we are\n{k} builds services that are simple and useful.",
        "By joining {k} you become part of a small and friendly team.",
        "Founded in 2012, {k} now has 250 employees.",
        "Would you like to work at {k}? Write to us.",
        "We are {k}, a team of forty people.",
        "{k} makes life easier for thousands of people every day.",
        "You will work within {k}, in a team of many trades.",
    ),
)
HIRES: Phrases = (
    (
        "{k} recherche un·e {t} pour renforcer son équipe.",
        "{k} recrute un(e) {t} (H/F).",
        "Dans le cadre de son développement, {k} cherche son ou sa futur·e {t}.",
        "L'équipe {k} cherche une ou un {t}.",
        "Pour accompagner sa croissance, {k} souhaite recruter un {t}.",
    ),
    (
        "{k} is looking for a {t} to join the team.",
        "{k} is hiring a {t}.",
        "As it grows, {k} is seeking a {t}.",
        "The {k} team needs a {t}.",
    ),
)
WANTED: Phrases = (
    (
        "Nous recherchons un·e {t}.",
        "Nous recrutons un(e) {t} (H/F).",
        "Intitulé du poste : {t}",
        "Poste : {t}",
        "Dans ce contexte, nous recherchons une ou un {t}.",
        "En tant que {t}, vous participez à tous les projets de l'équipe.",
        "{t} (H/F)",
    ),
    (
        "We are looking for a {t}.",
        "We are hiring a {t}.",
        "Position: {t}",
        "Job title: {t}",
        "As a {t}, you take part in all the projects of the team.",
        "{t}",
    ),
)
OTHER_TITLE: Phrases = (
    (
        "Vous travaillerez main dans la main avec un·e {t}.",
        "L'équipe actuelle : un·e {t}, deux stagiaires et une coach.",
        "Vous rendez compte à la personne qui occupe le poste de {t}.",
        "Un·e {t} vous rejoindra dans quelques mois.",
        "Vous échangez chaque jour avec les profils {t} de l'équipe.",
    ),
    (
        "You will work hand in hand with a {t}.",
        "The team today: a {t}, two students and a coach.",
        "You report to the {t}.",
        "A {t} will join you in a few months.",
        "You talk to every {t} in the organisation.",
    ),
)
NO_COMPANY: Phrases = (
    (
        "Nous recrutons pour notre client, un grand compte.",
        "Notre client, leader de son secteur, renforce ses équipes.",
        "Pour le compte d'un de nos clients, nous cherchons un nouveau talent.",
        "Notre équipe s'agrandit.",
        "",
    ),
    (
        "We are hiring on behalf of our client, a large account.",
        "Our client, a leader in its field, is growing its teams.",
        "Our team is growing.",
        "",
    ),
)
OTHER_COMPANY: Phrases = (
    (
        "Vous collaborerez avec {k}, partenaire du projet.",
        "Une expérience chez {k} ou dans une structure comparable est appréciée.",
        "Le produit est hébergé par {k}.",
        "Nos clients s'appellent {k}.",
        "Une connaissance des outils de {k} est un plus.",
        "Le projet est né d'un travail avec {k}.",
    ),
    (
        "You will work with {k}, a partner of the project.",
        "Experience at {k} or a similar organisation is welcome.",
        "The product is hosted by {k}.",
        "Our customers include {k}.",
        "Knowing the tools of {k} is a plus.",
    ),
)
LOCATION: Phrases = (
    (
        "Poste basé à {c}.",
        "Lieu de travail : {c}.",
        "Localisation : {c}, télétravail possible deux jours par semaine.",
        "L'équipe vous accueille dans ses locaux de {c}.",
        "La mission se déroule à {c}.",
        "Télétravail partiel possible, avec une présence régulière à {c}.",
        "Le poste est à pourvoir à {c}, avec quelques déplacements à {d} et {e}.",
        "L'équipe est basée à {c} et le télétravail est bienvenu.",
        "Lieu : {c} (75 % présentiel).",
        "Nos bureaux se trouvent au cœur de {c}.",
        "Possibilité de travailler à distance avec un passage à {c} chaque mois.",
        "Rattaché·e au site de {c}, vous échangerez avec nos équipes de {d}.",
        "- {c} ou télétravail partiel",
    ),
    (
        "Location: {c}.",
        "The position is based in {c}.",
        "You will join our office in {c}, with two days of remote work a week.",
        "Work place: {c} (hybrid).",
        "Our team works from {c}, remote work is welcome.",
        "Partly remote, with regular days in {c}.",
        "This role is in {c}, with a few trips to {d} and {e}.",
        "Working from our office in {c}.",
        "Based in {c}, you will talk to our colleagues in {d}.",
    ),
)
NO_LOCATION: Phrases = (
    (
        "Poste en télétravail complet.",
        "100 % télétravail possible partout en France.",
        "Le télétravail est la règle dans l'équipe.",
        "Lieu de travail à définir ensemble.",
        "",
        "",
    ),
    ("This is a fully remote position.", "Work from anywhere.", "Remote first team.", "", ""),
)
OTHER_CITY: Phrases = (
    (
        "Le service est déjà utilisé à {d} et à {e}.",
        "Déplacements ponctuels à {d}.",
        "Après un premier essai à {d}, le produit s'étend à d'autres villes.",
        "Nos partenaires sont installés à {d}, {e} et ailleurs.",
        "Un séminaire réunit tout le monde à {d} une fois par an.",
    ),
    (
        "The service is already in use in {d} and {e}.",
        "Occasional trips to {d}.",
        "After a first trial in {d}, the product is reaching other cities.",
        "Once a year everyone meets in {d}.",
    ),
)

YEARS: Phrases = (
    (
        "Vous justifiez de {n} ans d'expérience minimum.",
        "Expérience demandée : {n} ans.",
        "Vous avez au moins {n} ans d’expérience dans un poste similaire.",
        "{n} à {m} ans d’expérience",
        "- {n} ans d'expérience minimum en développement",
        "Vous disposez d'une expérience de {n} années sur un poste équivalent.",
        "Idéalement, vous avez {n} années d’expérience dans le numérique.",
        "Profil avec {n}-{m} ans d'expérience.",
        "Une expérience d'au moins {n} ans est attendue.",
        "Expérience professionnelle de plus de {n} ans souhaitée.",
        "{n}+ années d’expérience",
        "Vous avez entre {n} et {m} ans d'expérience.",
    ),
    (
        "You bring at least {n} years of experience.",
        "Experience: {n} years.",
        "{n} to {m} years of experience",
        "You have {n}+ years of professional experience.",
        "Minimum of {n} years' experience in a similar role.",
        "- {n} years of relevant experience",
        "With {n}-{m} years of experience, you know your trade.",
    ),
)
NUMBERS = (
    ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
)
LEVEL_TITLES: dict[str, Phrases] = {
    "Internship": (
        ("Stage - {t}", "Stagiaire {t}", "{t} (stage)", "{t} en alternance", "Alternance {t}", "Apprenti {t}"),
        ("{t} Intern", "Internship - {t}", "{t} (co-op)", "{t} - Internship", "Trainee {t}"),
    ),
    "Junior": (
        ("{t} junior", "{t} débutant", "{t} Junior", "{t} - profil junior", "{t} débutant·e"),
        ("Junior {t}", "{t} (Junior)", "Entry-level {t}"),
    ),
    "Mid": (
        ("{t} confirmé", "{t} confirmé·e", "{t} - profil confirmé", "{t} intermédiaire"),
        ("{t} (Mid-level)", "Mid-level {t}", "Intermediate {t}"),
    ),
    "Senior": (
        (
            "{t} senior", "{t} sénior", "{t} expérimenté·e", "{t} expérimenté", "{t} expérimenté(e)", "{t} principal·e",
            "{t} Senior (H/F)", "{t} - Senior", "{t} principal", "{t} séniors",
        ),
        ("Senior {t}", "{t} (Senior)", "Sr. {t}", "Principal {t}", "Experienced {t}", "Staff {t}"),
    ),
    "Lead": (
        (
            "Lead {t}", "{t} - lead", "{t} (lead)", "Lead tech - {t}", "{t}, chef d'équipe", "{t} lead",
            "un·e lead {t}", "Directeur, {t}", "Directrice - {t}", "Directeur ou directrice - {t}",
        ),
        (
            "Lead {t}", "{t} (Team Lead)", "{t} Lead", "Tech Lead - {t}", "{t}, team leader", "Head of {t}",
            "Director, {t}", "Head of Team - {t}",
        ),
    ),
    "Executive": (
        ("CTO - {t}", "DSI", "Vice-président {t}", "Directeur général"),
        ("CTO", "VP {t}", "Chief Technology Officer", "CIO"),
    ),
}  # fmt: skip
LEVEL_WORDS: dict[str, Phrases] = {
    "Internship": (
        ("Stage de six mois, conventionné.", "Nous proposons un stage de fin d'études.", "Contrat d'apprentissage."),
        ("This is a six-month internship.", "We offer a final-year internship.", "A student position for one term."),
    ),
    "Junior": (
        (
            "Débutants acceptés.",
            "Profil junior bienvenu.",
            "Nous cherchons un profil junior.",
            "Jeune diplômé bienvenu.",
        ),
        ("Entry-level applications are welcome.", "Junior position.", "Recent graduates are welcome."),
    ),
    "Mid": (
        ("Nous cherchons un profil confirmé.", "Vous êtes un·e professionnel·le confirmé·e."),
        ("We are looking for an intermediate profile.", "This is a mid-level position."),
    ),
    "Senior": (
        (
            "Nous cherchons un profil expérimenté.",
            "Nous cherchons une personne expérimentée.",
            "Profil senior attendu.",
            "Vous êtes un développeur ou une développeuse expérimenté·e.",
            "Profil recherché : senior.",
        ),
        ("We are looking for a senior profile.", "You are an experienced professional.", "This is a senior position."),
    ),
    "Lead": (
        ("Vous encadrez une équipe de six personnes.", "Rôle de lead technique auprès de l'équipe."),
        ("You will lead a team of six people.", "You act as the technical lead of the team."),
    ),
    "Executive": (
        ("Membre du comité de direction, vous pilotez la stratégie.",),
        ("You report to the board and own the strategy.",),
    ),
}
NO_LEVEL: Phrases = (
    (
        "L'équipe compte {n} personnes, dont une développeuse senior.",
        "Le projet a démarré il y a {n} ans.",
        "Vous travaillerez avec des profils juniors et seniors.",
        "Contrat de {n} ans renouvelable.",
        "Une équipe expérimentée vous accompagnera.",
        "Notre équipe cumule {m} ans d'activité dans le domaine.",
        "L'expérience utilisateur est au cœur de notre travail.",
        "Vous justifiez d'une expérience dans le secteur public.",
        "Nous expérimentons de nouvelles méthodes depuis {n} ans.",
        "Vous serez en lien avec la directrice du programme et le lead technique.",
        "Nous recrutons à tous les niveaux d'expérience.",
        "Le chef de projet et la responsable produit seront vos interlocuteurs.",
        "Vous avez déjà une expérience sur un produit numérique.",
    ),
    (
        "The team has {n} members, one of them a senior developer.",
        "The project started {n} years ago.",
        "You will work with junior and senior colleagues.",
        "A contract of {n} years that can be renewed.",
        "We’re hiring people at all levels of experience.",
        "User experience is at the heart of what we do.",
        "You will work with the director of the programme and the tech lead.",
        "You have experience with digital products.",
    ),
)

SECTORS: dict[str, Phrases] = {
    "Software": (("l'édition de logiciels", "les logiciels en mode SaaS"), ("software publishing", "SaaS")),
    "Banking and finance": (("la banque", "la finance de marché"), ("banking", "capital markets")),
    "Insurance": (("l'assurance", "la prévoyance"), ("insurance", "reinsurance")),
    "Consulting": (("le conseil", "le conseil en stratégie"), ("consulting", "management consulting")),
    "Healthcare": (("la santé", "les soins hospitaliers"), ("healthcare", "hospital care")),
    "Pharmaceuticals": (("l'industrie pharmaceutique", "les biotechnologies"), ("pharmaceuticals", "biotech")),
    "Retail": (("la grande distribution", "le commerce en ligne"), ("retail", "e-commerce")),
    "Manufacturing": (("l'industrie", "la production industrielle"), ("manufacturing", "industrial production")),
    "Automotive": (("l'automobile", "la construction automobile"), ("the car industry", "automotive supply")),
    "Aerospace and defence": (("l'aéronautique", "la défense"), ("aerospace", "defence")),
    "Energy": (("l'énergie", "les énergies renouvelables"), ("energy", "renewable energy")),
    "Telecommunications": (
        ("les télécommunications", "les réseaux mobiles"),
        ("telecommunications", "mobile networks"),
    ),
    "Transport and logistics": (("le transport", "la logistique"), ("transport", "logistics")),
    "Construction": (("le bâtiment", "les travaux publics"), ("construction", "civil engineering")),
    "Education": (("l'enseignement", "la formation"), ("education", "higher education")),
    "Public sector": (("le secteur public", "les services publics numériques"), ("the public sector", "government")),
    "Media": (("les médias", "l'audiovisuel"), ("media", "broadcasting")),
    "Hospitality": (("l'hôtellerie", "le tourisme"), ("hospitality", "tourism")),
    "Agriculture": (("l'agriculture", "l'agroalimentaire"), ("agriculture", "farming")),
    "Non-profit": (("l'économie sociale", "l'action humanitaire"), ("the non-profit sector", "humanitarian aid")),
}
SECTOR: Phrases = (
    (
        "Secteur : {i}.",
        "Nous intervenons dans {i}.",
        "Vous découvrirez un domaine passionnant, {i}.",
        "Notre métier : {i}.",
        "Référence dans {i}, nous investissons dans le numérique.",
    ),
    (
        "Industry: {i}.",
        "We work in {i}.",
        "You will discover a demanding field, {i}.",
        "A well-known name in {i}, we invest in technology.",
    ),
)
PUBLIC_TITLES: Phrases = (
    (
        "Chargé·e de déploiement", "Responsable de produit", "Product owner", "Designer UX/UI", "Développeur·se",
        "Développeuse ou développeur full-stack", "Business developer", "Chef de projet numérique", "Coach produit",
        "Designer de service", "Chargée ou chargé de communication", "Product manager", "Dev web full-stack",
        "Data analyst", "Chargé.e de support utilisateur", "Responsable des partenariats", "Conseiller en politiques",
        "Rédacteur de contenu", "Coordonnateur des opérations", "UX writer", "Growth hacker", "Intrapreneur",
        "Développeur.se Ruby on Rails", "Développeuse back-end Python", "Ops", "Juriste numérique", "Chercheur",
    ),
    (
        "Product Manager", "Design Researcher", "Content Designer", "Policy Advisor", "Software Developer",
        "Platform Engineer", "Talent Recruiter", "Communications Advisor", "Service Designer", "Data Scientist",
        "Outreach Advisor", "People Operations Coordinator", "Interaction Designer", "Accessibility Specialist",
    ),
)  # fmt: skip
HEADINGS: Phrases = (
    (
        "Contexte", "Qui sommes-nous ?", "Vos missions", "Le poste", "Profil recherché", "Conditions", "Votre profil",
        "L'équipe", "Compétences", "Pour postuler", "Le produit", "Votre rôle", "Avantages", "Modalités",
    ),
    (
        "About us", "The role", "What you will do", "Who you are", "Your profile", "Conditions", "The team",
        "How to apply", "What we offer", "Requirements", "Qualifications", "Responsibilities",
    ),
)  # fmt: skip
FILLERS: Phrases = (
    (
        "Les usagers sont au cœur de notre démarche et nous les rencontrons chaque semaine.",
        "Nous travaillons en cycles courts et mesurons l'impact de ce que nous livrons.",
        "Le processus comprend deux entretiens et une rencontre avec l'équipe.",
        "Contrat à durée indéterminée, prise de poste dès que possible.",
        "Mission de six mois, à temps plein ou à temps partiel.",
        "Vous aimez travailler dans une petite équipe et de manière agile.",
        "Tous nos postes sont ouverts aux personnes en situation de handicap.",
        "L'autonomie, la rigueur et le sens du service feront la différence.",
        "Le code est ouvert et relu par les pairs.",
        "Rémunération selon profil, mutuelle et tickets restaurant.",
        "Envoyez votre CV et quelques lignes par courriel.",
        "Plus de 600 structures utilisent déjà le service, et 8 500 dossiers ont été traités.",
        "Vous savez faire preuve d'initiative et tenir vos engagements.",
        "Lancé en 2019, le produit entre dans une phase d'accélération.",
    ),
    (
        "Users are at the centre of our work and we meet them every week.",
        "We work in short cycles and measure the impact of what we ship.",
        "The process consists of two interviews and a meeting with the team.",
        "Permanent contract, starting as soon as possible.",
        "Six months to begin with, full time or part time.",
        "You like to work in a small team.",
        "All our positions are open to people with disabilities.",
        "Autonomy, rigour and a sense of service will make the difference.",
        "The code is open and reviewed by peers.",
        "Send us your CV and a few lines by e-mail.",
        "More than 600 organisations already use the service.",
        "You can take the initiative and keep your commitments.",
        "Launched in 2019, the product is now growing quickly.",
    ),
)
