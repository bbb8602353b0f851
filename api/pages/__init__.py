"""Plain pages for people: rendered here, without scripts, and readable without styles too."""
