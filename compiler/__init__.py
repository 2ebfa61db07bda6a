"""fleetgate: compile a Git repo of fleet Ingresses and apps into what clusters and gateways run."""

__version__ = "0.1.0"
