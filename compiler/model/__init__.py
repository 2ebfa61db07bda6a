"""What people write: one frozen struct per kind; JSON Schemas and the reference are generated from these."""
