"""The compiled gateway, tried out: a real local Envoy, stub backends that say who they are, and load.

Tests, `fleetgate preview` and `fleetgate drill` are built on it. Everything that runs beside this process is a child of
it, and ends with it, however it ends. Needs the packages of the extra `fleetgate[drill]`.
"""
