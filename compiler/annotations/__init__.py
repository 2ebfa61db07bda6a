"""What the annotations of Ingresses and Services say: one module per family, typed results, exact findings."""
