"""Files in: a folder or any Git revision (`repository`, `git_tree`), documents (`documents`), places (`positions`)."""
