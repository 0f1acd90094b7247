"""What exported scripts are made of: each definition is checked here and copied, as it stands, into the script.

Nothing imports these modules; `hortus.deploy.code.sources` reads them as text. So they import the learners' libraries
at their top, as a script does, and nothing of Hortus but small functions without state, which are copied with them.
"""
