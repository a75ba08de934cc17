"""The gettext catalogues: .po files are the source, .mo files are made by autograder build."""
