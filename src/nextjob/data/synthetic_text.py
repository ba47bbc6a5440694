"""Wording of the synthetic job board: everything named here is invented, the cities apart.

Phrases come as (French, English). `{...}` is filled in by `nextjob.data.synthetic_ads`.
"""

from typing import NamedTuple

Phrases = tuple[tuple[str, ...], tuple[str, ...]]


class Family(NamedTuple):
    """One kind of job: its titles and tasks in both languages, and the skills it asks for."""

    titles: Phrases
    skills: tuple[str, ...]
    tasks: Phrases


# Neighbours in this tuple (the last and the first included) are related trades.
FAMILIES: tuple[Family, ...] = (
    Family(
        (
            ("Développeur Java", "Ingénieur logiciel Java", "Développeur back-end Java"),
            ("Java Developer", "Java Software Engineer"),
        ),
        ("Java", "Spring Boot", "Hibernate", "Maven", "PostgreSQL", "Kafka"),
        (
            (
                "concevoir et développer des services Java robustes",
                "faire évoluer les API REST de la plateforme",
                "réduire la dette technique du code existant",
                "animer les revues de code",
            ),
            (
                "design and build reliable Java services",
                "extend the REST API of the platform",
                "pay back technical debt in the existing code",
                "run code reviews",
            ),
        ),
    ),
    Family(
        (
            ("Développeur front-end React", "Développeur web React", "Intégrateur web"),
            ("React Front-end Developer", "Front-end Web Engineer"),
        ),
        ("React", "TypeScript", "CSS", "Next.js", "Cypress", "GraphQL"),
        (
            (
                "créer des interfaces web rapides et accessibles",
                "enrichir la bibliothèque de composants",
                "mesurer et améliorer le temps de chargement des pages",
                "écrire les tests de bout en bout",
            ),
            (
                "build fast and accessible web interfaces",
                "grow the component library",
                "measure and improve page loading times",
                "write end-to-end tests",
            ),
        ),
    ),
    Family(
        (
            ("Designer UX/UI", "Concepteur d'interfaces UX", "Chargé de recherche UX"),
            ("UX/UI Designer", "UX Researcher"),
        ),
        ("Figma", "Prototypage", "Design system", "Accessibilité", "Ateliers"),
        (
            (
                "conduire des entretiens avec les utilisateurs",
                "dessiner des parcours et des maquettes interactives",
                "tenir à jour le système de design",
                "tester les prototypes auprès de publics variés",
            ),
            (
                "run interviews with people who use the service",
                "draw journeys and interactive mock-ups",
                "maintain the design system",
                "test prototypes with varied audiences",
            ),
        ),
    ),
    Family(
        (
            ("Product owner", "Chef de produit numérique", "Scrum master"),
            ("Digital Product Owner", "Product Manager"),
        ),
        ("Scrum", "Jira", "User stories", "Roadmap", "Kanban"),
        (
            (
                "tenir et prioriser le carnet de produit",
                "rédiger les récits utilisateurs et leurs critères d'acceptation",
                "présenter les avancées aux parties prenantes",
                "suivre la valeur apportée par chaque livraison",
            ),
            (
                "own and prioritise the product backlog",
                "write user stories with acceptance criteria",
                "present progress to stakeholders",
                "track the value of each release",
            ),
        ),
    ),
    Family(
        (
            ("Chef de projet informatique", "Chef de projet MOA", "PMO informatique"),
            ("IT Project Manager", "Technical Project Manager"),
        ),
        ("Gestion de projet", "MS Project", "Budget", "Cycle en V", "Reporting"),
        (
            (
                "piloter le planning, le budget et les risques du projet",
                "coordonner les équipes internes et les prestataires",
                "préparer les comités de pilotage",
                "organiser la recette et la mise en service",
            ),
            (
                "manage schedule, budget and risks of the project",
                "coordinate in-house teams and suppliers",
                "prepare steering committees",
                "organise acceptance and go-live",
            ),
        ),
    ),
    Family(
        (
            ("Business analyst", "Analyste fonctionnel", "Analyste métier"),
            ("IT Business Analyst", "Functional Analyst"),
        ),
        ("UML", "BPMN", "SQL", "Recueil du besoin", "Confluence"),
        (
            (
                "recueillir et formaliser les besoins des métiers",
                "rédiger les spécifications fonctionnelles",
                "préparer les cahiers de recette",
                "accompagner les équipes au changement",
            ),
            (
                "collect and formalise business needs",
                "write functional specifications",
                "prepare acceptance test books",
                "support teams through change",
            ),
        ),
    ),
    Family(
        (
            ("Consultant SAP FI", "Consultant SAP MM", "Consultant fonctionnel SAP"),
            ("SAP FI Consultant", "SAP Functional Consultant"),
        ),
        ("SAP S/4HANA", "ABAP", "SAP FI", "SAP MM", "Fiori"),
        (
            (
                "paramétrer les modules financiers et achats",
                "accompagner la migration vers S/4HANA",
                "former les utilisateurs clés",
                "traiter les demandes d'évolution du progiciel",
            ),
            (
                "configure the finance and purchasing modules",
                "support the migration to S/4HANA",
                "train key people in the departments",
                "handle change requests on the package",
            ),
        ),
    ),
    Family(
        (
            ("Analyste BI", "Data analyst Power BI", "Consultant décisionnel"),
            ("BI Analyst", "Power BI Data Analyst"),
        ),
        ("Power BI", "SQL", "DAX", "Tableau", "Excel"),
        (
            (
                "construire des tableaux de bord lisibles",
                "fiabiliser les indicateurs avec les directions métiers",
                "modéliser l'entrepôt de données",
                "documenter les règles de calcul",
            ),
            (
                "build readable dashboards",
                "make indicators reliable with the business lines",
                "model the data warehouse",
                "document calculation rules",
            ),
        ),
    ),
    Family(
        (
            ("Data scientist", "Ingénieur machine learning", "Statisticien"),
            ("Applied Data Scientist", "Machine Learning Engineer"),
        ),
        ("Python", "scikit-learn", "PyTorch", "Pandas", "MLflow"),
        (
            (
                "explorer des jeux de données volumineux",
                "entraîner et évaluer des modèles prédictifs",
                "mettre les modèles en production avec les équipes techniques",
                "présenter les résultats de façon compréhensible",
            ),
            (
                "explore large data sets",
                "train and evaluate predictive models",
                "bring models into production with engineering",
                "explain results in plain words",
            ),
        ),
    ),
    Family(
        (
            ("Ingénieur data", "Data engineer Spark", "Développeur big data"),
            ("Spark Data Engineer", "Big Data Engineer"),
        ),
        ("Spark", "Scala", "Airflow", "Python", "Databricks", "dbt"),
        (
            (
                "développer les flux d'alimentation du lac de données",
                "surveiller la qualité et la fraîcheur des données",
                "optimiser les traitements distribués",
                "documenter le catalogue de données",
            ),
            (
                "develop the pipelines that feed the data lake",
                "monitor data quality and freshness",
                "tune distributed jobs",
                "document the data catalogue",
            ),
        ),
    ),
    Family(
        (
            ("Ingénieur DevOps", "Ingénieur cloud", "Ingénieur fiabilité SRE"),
            ("DevOps Engineer", "Cloud Engineer"),
        ),
        ("Kubernetes", "Terraform", "Docker", "AWS", "GitLab CI", "Ansible"),
        (
            (
                "automatiser les déploiements et les tests",
                "décrire l'infrastructure sous forme de code",
                "améliorer la supervision et les alertes",
                "aider les équipes à livrer plus souvent",
            ),
            (
                "automate deployments and tests",
                "describe infrastructure as code",
                "improve monitoring and alerting",
                "help teams to release more often",
            ),
        ),
    ),
    Family(
        (
            ("Administrateur systèmes Linux", "Ingénieur systèmes", "Administrateur VMware"),
            ("Linux Systems Administrator", "Systems Engineer"),
        ),
        ("Linux", "VMware", "Windows Server", "Bash", "PowerShell"),
        (
            (
                "administrer un parc de plusieurs centaines de serveurs",
                "appliquer les correctifs de sécurité",
                "rédiger les procédures d'exploitation",
                "participer au plan de reprise d'activité",
            ),
            (
                "administer several hundred servers",
                "apply security patches",
                "write operating procedures",
                "contribute to the disaster recovery plan",
            ),
        ),
    ),
    Family(
        (
            ("Ingénieur réseau", "Administrateur réseaux", "Technicien réseaux"),
            ("Network Engineer", "Network Administrator"),
        ),
        ("Cisco", "BGP", "VPN", "Wi-Fi", "Fortinet"),
        (
            (
                "exploiter les réseaux locaux et étendus",
                "déployer de nouveaux équipements sur les sites",
                "diagnostiquer les incidents complexes",
                "tenir à jour les schémas d'architecture",
            ),
            (
                "operate local and wide area networks",
                "roll out new equipment on the sites",
                "diagnose complex incidents",
                "keep architecture diagrams up to date",
            ),
        ),
    ),
    Family(
        (
            ("Ingénieur cybersécurité", "Analyste SOC", "Consultant sécurité"),
            ("Cybersecurity Engineer", "SOC Analyst"),
        ),
        ("SIEM", "ISO 27001", "Splunk", "Pentest", "EDR"),
        (
            (
                "analyser les alertes de sécurité",
                "conduire des analyses de risques",
                "sensibiliser les équipes aux bonnes pratiques",
                "suivre le traitement des vulnérabilités",
            ),
            (
                "analyse security alerts",
                "carry out risk assessments",
                "raise awareness of good practice",
                "follow up on vulnerabilities",
            ),
        ),
    ),
    Family(
        (
            ("Technicien support informatique", "Technicien helpdesk", "Technicien de proximité"),
            ("IT Support Technician", "Helpdesk Technician"),
        ),
        ("ITIL", "GLPI", "Active Directory", "Windows 11", "Office 365"),
        (
            (
                "répondre aux demandes et résoudre les incidents",
                "préparer et installer les postes de travail",
                "enrichir la base de connaissances",
                "suivre les tickets jusqu'à leur clôture",
            ),
            (
                "answer requests and solve incidents",
                "prepare and install workstations",
                "extend the knowledge base",
                "follow tickets until they are closed",
            ),
        ),
    ),
    Family(
        (
            ("Testeur logiciel", "Ingénieur QA", "Ingénieur test automatisation"),
            ("Software Tester", "QA Automation Engineer"),
        ),
        ("Selenium", "Cucumber", "Postman", "Robot Framework", "ISTQB"),
        (
            (
                "définir la stratégie de test",
                "automatiser les campagnes de non-régression",
                "qualifier et suivre les anomalies",
                "rédiger les rapports de campagne",
            ),
            (
                "define the test strategy",
                "automate regression campaigns",
                "qualify and follow up defects",
                "write campaign reports",
            ),
        ),
    ),
    Family(
        (
            ("Ingénieur logiciel embarqué", "Développeur C++ embarqué", "Développeur temps réel"),
            ("Embedded Software Engineer", "Embedded C++ Developer"),
        ),
        ("C++", "RTOS", "Python", "Bus CAN", "Yocto"),
        (
            (
                "programmer des cartes électroniques en C++",
                "mettre au point les pilotes de périphériques",
                "valider le logiciel sur banc d'essai",
                "rédiger la documentation de certification",
            ),
            (
                "program electronic boards in C++",
                "debug device drivers",
                "validate software on the test bench",
                "write certification documents",
            ),
        ),
    ),
    Family(
        (
            ("Développeur mobile Android", "Développeur mobile iOS", "Développeur Flutter"),
            ("Android Mobile Developer", "iOS Mobile Developer"),
        ),
        ("Kotlin", "Swift", "Flutter", "Firebase", "SQLite"),
        (
            (
                "développer de nouveaux écrans de l'application mobile",
                "publier les versions sur les magasins d'applications",
                "suivre les plantages et les corriger",
                "travailler avec les designers sur l'ergonomie",
            ),
            (
                "develop new screens of the mobile application",
                "publish releases to the app stores",
                "track and fix crashes",
                "work with designers on usability",
            ),
        ),
    ),
)

PLACEHOLDER_TITLES = ("Intitulé du poste", "Job title")

CITIES = (
    "Paris",
    "Lyon",
    "Lille",
    "Nantes",
    "Toulouse",
    "Bordeaux",
    "Rennes",
    "Strasbourg",
    "Orléans",
    "Genève",
)

# Least to most experienced; the wording of a level in the title and in the profile asked for.
SENIORITIES = ("Internship", "Junior", "Mid", "Senior", "Lead")

# "{t}" is the title; the level is evident from these words.
SENIORITY_TITLES: dict[str, Phrases] = {
    "Internship": (("Stage - {t}", "Stagiaire {t}"), ("{t} Intern", "Internship - {t}")),
    "Junior": (("{t} junior", "{t} débutant"), ("Junior {t}", "{t} (Junior)")),
    "Mid": (("{t} confirmé", "{t} - profil confirmé"), ("{t} (Mid-level)", "Mid-level {t}")),
    "Senior": (("{t} senior", "{t} sénior"), ("Senior {t}", "{t} (Senior)")),
    "Lead": (("Lead {t}", "{t} - lead"), ("Lead {t}", "{t} (Team Lead)")),
}

SENIORITY_SENTENCES: dict[str, Phrases] = {
    "Internship": (
        ("Stage de six mois, conventionné.", "Nous proposons un stage de fin d'études de quatre à six mois."),
        ("This is a six-month internship.", "We offer a final-year internship, starting in spring."),
    ),
    "Junior": (
        ("Débutants acceptés.", "Une première expérience de 1 à 2 ans est souhaitée.", "Profil junior bienvenu."),
        ("Entry-level applications are welcome.", "You have 1 to 2 years of experience.", "Junior position."),
    ),
    "Mid": (
        ("Vous justifiez de 3 à 5 ans d'expérience.", "Expérience demandée : 3 ans minimum."),
        ("You bring 3 to 5 years of experience.", "Experience: at least 3 years."),
    ),
    "Senior": (
        ("Vous avez au moins 8 ans d'expérience.", "Profil senior, 10 ans d'expérience ou plus."),
        ("You have more than 8 years of experience.", "Senior profile, 10+ years of experience."),
    ),
    "Lead": (
        ("Vous encadrez une équipe de six personnes.", "Rôle de lead technique auprès de l'équipe."),
        ("You will lead a team of six people.", "You act as the technical lead of the team."),
    ),
}

LOCATION_SENTENCES: Phrases = (
    (
        "Poste basé à {c}.",
        "Lieu de travail : {c}.",
        "Localisation : {c}, télétravail possible deux jours par semaine.",
        "L'équipe vous accueille dans ses locaux de {c}.",
        "La mission se déroule à {c}, en présentiel la moitié du temps.",
    ),
    (
        "Location: {c}.",
        "The position is based in {c}.",
        "You will join our office in {c}, with two days of remote work a week.",
        "Work place: {c} (hybrid).",
    ),
)

COMPANY_SENTENCES: Phrases = (
    (
        "{k} recrute pour renforcer ses équipes.",
        "Rejoignez {k} et participez à une nouvelle étape de sa croissance.",
        "Chez {k}, chaque projet se construit à plusieurs.",
        "À propos de {k} : une maison à taille humaine, fondée il y a quinze ans.",
        "Entreprise : {k}.",
    ),
    (
        "{k} is hiring.",
        "Join {k} and take part in the next step of its growth.",
        "At {k}, every project is team work.",
        "About {k}: a company of human size, founded fifteen years ago.",
        "Company: {k}.",
    ),
)

NO_COMPANY_SENTENCES: Phrases = (
    ("Nous recrutons pour notre client.", "Notre client renforce ses équipes."),
    ("We are hiring on behalf of our client.", "Our client is growing its teams."),
)

# sector -> what "in the sector of ..." says in an ad
INDUSTRIES: dict[str, Phrases] = {
    "Software": (
        ("l'édition de logiciels", "l'édition de logiciels en mode SaaS"),
        ("software publishing", "the SaaS software sector"),
    ),
    "Banking and finance": (("la banque", "la finance de marché"), ("banking", "banking and finance")),
    "Insurance": (("l'assurance", "l'assurance et la prévoyance"), ("insurance", "the insurance sector")),
    "Healthcare": (("la santé", "la santé et les soins hospitaliers"), ("healthcare", "the healthcare sector")),
    "Retail": (("la grande distribution", "le commerce de détail"), ("retail", "the retail sector")),
    "Energy": (("l'énergie", "la production d'énergie"), ("energy", "the energy sector")),
    "Transport and logistics": (
        ("le transport et la logistique", "la logistique"),
        ("transport and logistics", "logistics"),
    ),
    "Public sector": (("le secteur public", "l'administration publique"), ("the public sector", "public services")),
}

INDUSTRY_SENTENCES: Phrases = (
    (
        "L'activité : {i}.",
        "Une expérience dans {i} est un atout.",
        "Vous évoluerez dans un environnement exigeant, {i}.",
        "Secteur : {i}.",
    ),
    (
        "Industry: {i}.",
        "The field: {i}.",
        "Experience in {i} is a plus.",
        "You will discover a demanding field, {i}.",
    ),
)

COMPANIES: dict[str, tuple[str, ...]] = {
    "Software": ("Brumelis", "Caldrevo", "Noctilune Logiciels", "Pixambre"),
    "Banking and finance": ("Banque Ostrelle", "Finavaldor", "Crédit Morvanel", "Quentrel Capital"),
    "Insurance": ("Assurances Tirouan", "Prévalune", "Mutuelle Sérénval", "Gardelis"),
    "Healthcare": ("Clinique Vexambre", "Centre Ambrelys", "Groupe Médirone", "Hôpital Corvanne"),
    "Retail": ("Marché Doruval", "Lumarique", "Épicerie Novadour", "Boutiques Frévanne"),
    "Energy": ("Éolvane", "Hydromarque", "Solarune", "Watterive"),
    "Transport and logistics": ("Translorune", "Cargovelle", "Ferrovance", "Colis Brévent"),
    "Public sector": ("Agence Valdoris", "Syndicat Orcevaux", "Office Tramontel", "Régie Belmarche"),
}

INTROS: Phrases = (
    (
        "Dans le cadre d'une création de poste, nous cherchons une personne motivée.",
        "Pour accompagner un programme ambitieux, l'équipe s'agrandit.",
        "Suite à un départ à la retraite, ce poste est à pourvoir rapidement.",
        "Vous aimez les sujets variés et le travail en équipe : lisez la suite.",
        "Nous cherchons une personne curieuse, qui aime apprendre et transmettre.",
    ),
    (
        "This is a new position in a growing team.",
        "An ambitious programme is starting and the team is growing with it.",
        "After a retirement, this position is open with immediate effect.",
        "You like varied topics and team work: read on.",
        "We are looking for a curious person who likes to learn and to share.",
    ),
)

TASK_INTROS: Phrases = (
    ("Vos missions :", "Au quotidien, il s'agira de :", "Vos responsabilités :"),
    ("Your tasks:", "Day to day you will:", "Your responsibilities:"),
)

SKILL_SENTENCES: Phrases = (
    (
        "Vous maîtrisez {a} et {b} ; la connaissance de {c} serait appréciée.",
        "Environnement technique : {a}, {b}, {c}.",
        "Une bonne pratique de {a} est attendue, {b} et {c} s'apprennent sur place.",
    ),
    (
        "You know {a} and {b} well; {c} would be welcome.",
        "Technical environment: {a}, {b}, {c}.",
        "Solid practice of {a} is expected, {b} and {c} can be learned on the job.",
    ),
)

CLOSINGS: Phrases = (
    (
        "Le processus comprend deux entretiens et une rencontre avec l'équipe.",
        "Contrat à durée indéterminée, prise de poste dès que possible.",
        "Mission de longue durée, renouvelable.",
        "Des formations sont prévues tout au long de l'année.",
        "Tous nos postes sont ouverts aux personnes en situation de handicap.",
        "L'autonomie, la rigueur et le sens du service feront la différence.",
    ),
    (
        "The process consists of two interviews and a meeting with the team.",
        "Permanent contract, starting as soon as possible.",
        "Long assignment, renewable.",
        "Training is planned throughout the year.",
        "All our positions are open to people with disabilities.",
        "Autonomy, rigour and a sense of service will make the difference.",
    ),
)

TRIP_SENTENCES: Phrases = (
    ("Déplacements ponctuels à {c}.",),
    ("Occasional trips to {c}.",),
)

SOFT_SKILLS: Phrases = (
    ("autonomie", "rigueur", "esprit d'équipe", "curiosité", "sens du service"),
    ("autonomy", "rigour", "team spirit", "curiosity", "sense of service"),
)

LANGUAGES: Phrases = (("Français", "Anglais"), ("English", "French"))
CERTIFICATIONS = ("ITIL 4 Foundation", "ISTQB Foundation", "PSM I", "AWS Cloud Practitioner", "CISSP")
COURSES: Phrases = (
    ("Bac+5 en informatique", "Diplôme d'ingénieur", "Licence professionnelle"),
    ("Master's degree in computer science", "Engineering degree", "Bachelor's degree"),
)
