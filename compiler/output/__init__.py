"""The output tree on disk: plan, write, prune, verify, and what makes doing it again cheap."""
