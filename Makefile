# make          the targets, each with what it does
# DATA=DIR      for make proof: prepared pictures of the competition, to train on
# T=FOLDER       for make test: a folder of tests/, such as checks or classroom
# PYTHON=...    another Python (3.11 or newer) for the virtual environment

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORK := .work/grade
WORKFLOWS := $(wildcard .github/workflows/*.yml .github/student/*.yml)

.DEFAULT_GOAL := help
.PHONY: help grade test lint check lesson attacks bench proof

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

.venv/core: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -e .
	@touch $@

.venv/test: .venv/core
	$(INSTALL) -e '.[test]'
	@touch $@

.venv/lint: .venv/test
	$(INSTALL) -e '.[lint]'
	@touch $@

grade: .venv/core  ## install, train on drawn pictures, predict, grade the reference
	rm -rf $(WORK) && mkdir -p $(WORK)
	cp -R solutions $(WORK)/reference
	$(BIN)/simpsons synthesize --out $(WORK)/drawn --seed 1
	$(BIN)/simpsons prepare --zip $(WORK)/drawn --out $(WORK)/prepared
	cd $(WORK)/reference/06_simpsons && $(CURDIR)/$(BIN)/python train.py \
		--data $(CURDIR)/$(WORK)/prepared --out run --epochs 12 --batch-size 64
	cd $(WORK)/reference/06_simpsons && $(CURDIR)/$(BIN)/python predict.py \
		--checkpoint run --images $(CURDIR)/$(WORK)/drawn/testset --out submission.csv
	@# The reference is ours: where nothing can be isolated it is graded all the same.
	$(BIN)/autograder grade $(WORK)/reference \
		--sandbox $$($(BIN)/autograder sandbox >/dev/null && echo bwrap || echo none) \
		--truth $(WORK)/drawn/truth.csv --images $(WORK)/drawn/testset

test: .venv/test  ## run the tests; T=checks runs those of one folder
	$(BIN)/python -m pytest -n auto --dist worksteal $(if $(T),tests/$(T))

lint: .venv/lint  ## lint, types, workflows, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/zizmor --offline --quiet --no-ignores $(WORKFLOWS)
	$(BIN)/autograder build --check

check: lint test  ## lint, tests, and every mistake is caught
	$(BIN)/autograder verify

lesson: .venv/test  ## slides, the lesson as one page, worksheet and key, in out/lesson
	$(BIN)/autograder lesson --out out/lesson

attacks: .venv/test  ## grade hostile submissions; a table of what became of them
	$(BIN)/python tests/attacks/report.py

bench: .venv/test  ## measure speed and memory, as ratios in one run
	$(BIN)/python tests/bench/commands.py
	$(BIN)/python tests/bench/batch.py
	$(BIN)/python tests/bench/diagnosis.py
	$(BIN)/python tests/bench/demo.py
	$(BIN)/python tests/bench/leaderboard.py

proof: .venv/test  ## long: every mutant under 20 seeds, slow tests, trainings with DATA=DIR
	$(BIN)/autograder verify --seeds 20
	$(BIN)/python -m pytest -m slow
ifdef DATA
	$(BIN)/python tests/bench/homework.py $(DATA)
	$(BIN)/python tests/bench/networks.py $(DATA)
endif
