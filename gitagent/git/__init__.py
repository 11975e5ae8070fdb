"""Everything that touches a repository. The types of pygit2 and GitPython stop here."""
