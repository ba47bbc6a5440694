"""Pages for people: report.html of a run and data_report.html of a board, each one file that needs no network."""
