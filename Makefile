# `make run` and `make test` set everything up that they need.

PYTHON ?= python3
VENV ?= .venv
VAR_DIR ?= var
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
export DEVELOPMENT ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup run demo admin bench chaos drills fuzz test test-all check figures format lock screenshots lighthouse icons messages mail-tools mail-check golden

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## create the virtual environment and install the product's requirements
	@$(BIN)/python -m compileall -qq config digest subscriptions || true  # the user may lack permission to write here

run: setup ## set up, and run web, worker and beat on http://127.0.0.1:8000 (HOST, PORT)
	@exec $(MANAGE) allinone

demo: setup ## the same with a sample day and three sample readers, without a network
	@mkdir -p -m 700 $(VAR_DIR)
	@ENV_FILE=/dev/null DATABASE_URL=sqlite:///$(abspath $(VAR_DIR))/demo.sqlite3 EMAIL_URL=outbox:// EMAIL_BACKEND= EMAIL_PROVIDERS= exec $(MANAGE) demo

admin: setup ## create an account for the admin
	@$(MANAGE) migrate -v0 && $(MANAGE) createsuperuser

bench: $(VENV)/.installed-dev ## measure the speed (ONLY=compose,matching SCALE=0.1)
	@$(MANAGE) benchmark $(if $(ONLY),--only $(ONLY)) $(if $(SCALE),--scale $(SCALE))

chaos: $(VENV)/.installed-dev ## kill processes at random while digests go out, and count the emails (SECONDS=120 READERS=20000 SEED=7 SHORT=1; ONLY=killer KILLS=300 READERS=14000)
	@$(BIN)/python -m tests.chaos $(if $(SHORT),--short) $(if $(ONLY),--only $(ONLY)) $(if $(KILLS),--kills $(KILLS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(READERS),--readers $(READERS)) $(if $(SEED),--seed $(SEED))

drills: $(VENV)/.installed-dev ## stop and break one part after another, and time the alert and the recovery (SHORT=1 ONLY="beat killed")
	@$(BIN)/python -m tests.drills $(if $(SHORT),--short) $(if $(ONLY),--only "$(ONLY)")

fuzz: $(VENV)/.installed-dev ## send random requests to every URL of the site, and fail on a server error (REQUESTS=20000 SEED=7 SHORT=1 ONLY=123)
	@$(BIN)/python -m tests.fuzz $(if $(SHORT),--short) $(if $(REQUESTS),--requests $(REQUESTS)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

test: $(VENV)/.installed-dev ## set up, and test each behavior once (on PostgreSQL and Redis too, if they can be reached)
	@$(BIN)/python -m tests

test-all: $(VENV)/.installed-dev ## run all tests on both databases, in Chromium and with email tools
	@$(BIN)/python -m tests --all

check: $(VENV)/.installed-dev ## check style, types, migrations, import rules, docs and matching figures
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(MANAGE) makemigrations --check --dry-run -v0
	@$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_docs.py
	@$(MAKE) -s figures

RECORDED := ../shared/data
# Pairs run at the same time, after the first has stored the embeddings of all papers.
PAIRS := fitted:people held:unseen fresh:catalogue
figures: $(VENV)/.installed-dev ## fail if matching is worse than docs/matching-results.md says (needs the recorded days)
	@test -d $(RECORDED)/hf || { echo "Skipped the figures of matching: the recorded days are not in $(RECORDED)."; exit 0; }; \
	judge() { $(MANAGE) evaluate_matching $$1.json --papers $(RECORDED)/hf --archive $(RECORDED)/archive --json \
	  --against benchmarks/judgements/figures/$${1##*/}.json; }; \
	judge $(RECORDED)/judgements/dev || exit 1; \
	for pair in $(PAIRS); do one=$${pair%:*} other=$${pair#*:}; \
	  judge benchmarks/judgements/$$one & judge benchmarks/judgements/$$other || exit 1; wait $$! || exit 1; done

format: $(VENV)/.installed-dev ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: $(VENV)/.installed-dev ## lock requirements*.in with hashes
	@for name in requirements requirements-dev; do \
	  UV_CUSTOM_COMPILE_COMMAND="make lock" PATH="$(BIN):$$PATH" uv pip compile -q --universal --python-version 3.11 --override requirements.overrides --generate-hashes $(LOCKFLAGS) $$name.in -o $$name.txt || exit 1; done

messages: $(VENV)/.installed-dev ## extract the messages to readers into locale/, and compile the translations
	@$(BIN)/python -m tests.messages

mail-tools: ## install the Node packages that check emails and pages (see CONTRIBUTING)
	@npm ci --prefix tests/tools --omit=dev --no-audit --no-fund --loglevel=error

golden: $(VENV)/.installed-dev ## write the expected emails in tests/data/mails again
	@RENEW=1 $(BIN)/python -m pytest tests/email/test_golden.py && git diff --stat tests/data/mails

mail-check: $(VENV)/.installed-dev ## check the emails of twenty recorded days (needs the email tools of CONTRIBUTING and the recorded days)
	@MAIL_CHECK_DAYS=20 $(BIN)/python -m pytest -s tests/email/test_recorded_days.py

lighthouse: $(VENV)/.installed-dev ## run Lighthouse on the main pages, on a phone and a desktop (needs Chromium and npm)
	@test -d tests/tools/node_modules/lighthouse || npm ci --prefix tests/tools --no-audit --no-fund --loglevel=error
	@$(BIN)/python -m tests.lighthouse

icons: $(VENV)/.installed-dev ## draw the icons for home screens from static/icon.svg (needs Chromium)
	@$(BIN)/python -m tests.icons

screenshots: $(VENV)/.installed-dev ## take the screenshots in docs/ again (needs Chromium)
	@$(BIN)/python -m tests.screenshots

# Install by uv if it is there, otherwise by pip, which takes five times as long. Both install the same locked versions.
define install
	@if uv=$$(command -v uv || command -v $(BIN)/uv); then \
	  { test -x $(BIN)/python || "$$uv" venv -q --python $(PYTHON) $(VENV); } && "$$uv" pip sync -q --compile-bytecode --require-hashes --python $(BIN)/python $(1); \
	else \
	  { test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); } && $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(1); \
	fi
endef

$(VENV)/.installed: requirements.txt
	@# The development requirements include these, so keep them if they are installed.
	@test -e $(VENV)/.installed-dev || echo "Installing into $(VENV) …"
	$(call install,$(if $(wildcard $(VENV)/.installed-dev),requirements-dev.txt,requirements.txt))
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt
	@echo "Installing the development requirements into $(VENV) …"
	@command -v uv >/dev/null || test -x $(BIN)/uv || { \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  sed -n '/^uv==/,/# via/p' requirements-dev.txt | $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r /dev/stdin; \
	} || echo "uv can't be installed: pip installs the rest."
	$(call install,requirements-dev.txt)
	@touch $(VENV)/.installed $@
