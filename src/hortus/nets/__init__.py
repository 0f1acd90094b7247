"""Networks, in PyTorch: what their layers are, how layers form cells and networks, what they cost, how they look.

`hortus.nets.plan` and `hortus.nets.network` say what a network is and import no torch; a module is made of them by
`hortus.nets.build` when somebody asks for one.
"""
