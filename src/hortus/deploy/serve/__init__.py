"""A model over HTTP: made from a bundle alone, it knows nothing of a search.

    bundle -> probing (what the model cannot take) -> row_model (what a row must be) -> app (what is answered)
                                                   -> remarks (what is odd about a row)

`server.serve` is the whole of it; `app.make_app` is the part that tests and other servers use.
"""
