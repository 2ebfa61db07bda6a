# The few commands of this repo. A machine needs only Python >= 3.11, git and make; Go is optional (see `make tools`).
#   PYTHON=/path/to/python3.13 make test    another interpreter than the first suitable one on PATH

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint fmt generate bench soak tools constraints clean

PYTHON ?=
BIN := .venv/bin
INSTALLED := .venv/installed
TOOLS := .tools/built

# An interpreter that is asked for by name, and is not the one of .venv, means a new .venv.
ifneq ($(PYTHON),)
  VERSION := -c 'import sys; print(sys.version_info[:3])'
  ifneq ($(shell $(PYTHON) $(VERSION) 2>&1),$(shell $(BIN)/python $(VERSION) 2>&1))
    .PHONY: $(INSTALLED)
  endif
endif

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: $(INSTALLED) ## Compile fleet-repo-example into build/demo, try every route of it in a real Envoy, lose a cluster
	@$(BIN)/fleetgate build -C fleet-repo-example -o build/demo
	@echo
	@$(BIN)/fleetgate preview -C fleet-repo-example --try
	@echo
	@$(BIN)/fleetgate drill -C fleet-repo-example --gateway public --lose cluster=hz-a --fault kill

test: $(INSTALLED) ## Everything that must hold: format, lint, types, layers, generated files, tests
	@status=0; $(MAKE) --no-print-directory tools || status=1; $(BIN)/python -m tools.check || status=1; exit $$status

lint: $(INSTALLED) ## The same without the tests
	@$(BIN)/python -m tools.check --without-tests

fmt: $(INSTALLED) ## Format the code and apply the linter's safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generate: $(INSTALLED) ## Rewrite everything that is generated: schemas/, tables in README.md and docs/
	@$(BIN)/python -m tools.generate

bench: $(INSTALLED) ## Measure CPU time and memory against cp -r and kapitan; writes tests/benchmarks/results.md
	@$(BIN)/python -m tests.benchmarks.run

soak: $(INSTALLED) $(TOOLS) ## The long runs that `make test` leaves out; writes tests/soak.md
	@$(BIN)/python -m tools.soak

tools: $(TOOLS) ## Build the pinned Go tools of tools/go.mod into .tools/bin (where Go is installed)

constraints: ## Pin the newest allowed versions of all dependencies anew (tools/constraints.txt)
	@sh tools/constraints.sh '$(PYTHON)'

clean: ## Remove everything that these commands made
	rm -rf .venv .tools build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): pyproject.toml tools/constraints.txt tools/install.sh tools/python.sh
	@sh tools/install.sh '$(PYTHON)'

$(TOOLS): tools/go_tools.py tools/go.mod tools/go.sum $(wildcard tools/*/*.go) | $(INSTALLED)
	@$(BIN)/python tools/go_tools.py
