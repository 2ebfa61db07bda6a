"""Rules inside one document that its types can't say: one module per room of kinds."""
