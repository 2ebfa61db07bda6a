"""`fleetgate gateway`: serves the compiled Envoy configuration of a gateway, and follows its changes.

    source       a compiled tree, or the parts of one that a ConfigMap carries: complete ones only
    snapshot     its resources as protobuf messages, each with a version; what did not change is not made again
    session      one Envoy: what it has, what it is to have, and in which order it learns of it (pure)
    serving      which snapshot is wanted, which was good, which was refused
    server       gRPC over a Unix socket, one stream per Envoy
    state        the last good configuration, on disk

Needs the packages of the extra `fleetgate[gateway]`.
"""
