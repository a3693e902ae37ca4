# Targets that are more than one cargo command, or that need more than cargo. `make help` prints the comment above each target.

.PHONY: help check ci venv deploy-local undeploy-local e2e events sam-local browser docs openapi-checks guides bench load memory webhooks sockets cost bootstraps campaign campaign-part fuzz mutants

# List the targets
help:
	@awk '/^#/ { comment = substr($$0, 3); next } \
	  /^[a-z0-9-]+:/ { printf "%-16s%s\n", substr($$1, 1, index($$1, ":") - 1), comment } { comment = "" }' $(MAKEFILE_LIST)

# Format, clippy and the tests; needs Rust, a C compiler, bash and curl
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked

# Everything that a change must pass (about 25 minutes on 2 cores)
ci:
	bash .ci/run

# Create the project's Python environment, .venv
venv:
	deploy/venv

# Deploy the stack to MiniStack; PARAMETERS='AuthorizerCacheSeconds=0' sets parameters of the template
deploy-local:
	deploy/ministack/deploy $(PARAMETERS)

# Stop MiniStack, which deletes the stack and its data
undeploy-local:
	deploy/ministack/server stop

# Run every event of events/ on the built functions, under AWS's runtime interface emulator
events:
	deploy/venv
	deploy/build
	.venv/bin/python deploy/emulator/check-events

# Root needs no running engine, but docker.io and debootstrap of Debian.
# Run every event through `sam local invoke` in Docker, and calls of `sam local start-api`
sam-local:
	deploy/venv
	deploy/build
	deploy/emulator/sam-local

# Measure start, latency, memory and size of each function, CPU time and memory of the sanitizer (10 minutes and the build)
bench: bootstraps
	cargo run --profile bench --locked --package bench -- functions
	cargo run --release --locked --package bench-sanitizer

# Send 100,000 requests of mixed kinds to pools of processes of the functions; before that, `sockets`
load: bootstraps sockets
	cargo run --profile bench --locked --package bench -- load

# Measure five calls under the CPU share of each memory size; needs root, about 15 minutes
memory: bootstraps
	cargo run --profile bench --locked --package bench -- memory

# Measure the time from a user's message to a partner's receiver, also beside a slow receiver
webhooks:
	cargo run --profile bench --locked --package bench -- webhooks

# Each process holds a descriptor for each socket.
# Measure the time from a write to its signals at 2,000 sockets of `local` (75 seconds and the build)
sockets:
	cargo build --profile bench --locked --workspace --bin bench --bin local
	ulimit -n 4096 && "$${CARGO_TARGET_DIR:-target}/release/bench" sockets

# Attack the guarantees: crash points, histories, defects that histories must find, outages, a soak (several hours)
campaign: bootstraps
	cargo build --profile bench --locked --workspace --bin campaign --bin local
	"$${CARGO_TARGET_DIR:-target}/release/campaign" crashes
	"$${CARGO_TARGET_DIR:-target}/release/campaign" histories
	"$${CARGO_TARGET_DIR:-target}/release/campaign" outage
	"$${CARGO_TARGET_DIR:-target}/release/campaign" soak
	campaign/mutations/check

# Run a part of the campaign with fixed seeds, on the functions that were built, and look whether each mutation applies
campaign-part:
	cargo build --quiet --locked --workspace --bin campaign
	"$${CARGO_TARGET_DIR:-target}/debug/campaign" crashes --every 7
	"$${CARGO_TARGET_DIR:-target}/debug/campaign" histories --seeds 2 --calls 5000
	for patch in campaign/mutations/*.patch; do git apply --check "$$patch" || exit 1; done

# Print the DynamoDB units of each endpoint and their cost
cost:
	cargo build --quiet --locked --workspace --bin bench
	"$${CARGO_TARGET_DIR:-target}/debug/bench" cost

# The variables are RUNS and SECONDS_EACH of each target, and TARGETS. A failing input is in target/fuzz. Needs a C++ compiler.
# Search for inputs that break a parser: a minute and at most a million executions for each of 16 targets
fuzz:
	fuzz/run $(TARGETS)

# The second command needs about half an hour. `cargo install --locked cargo-mutants` installs the tool of the first one.
# Change each line of shared/model and each expression of shared/store, and expect a test to fail
mutants:
	cargo mutants --package model --test-package model --jobs 1 --output target/mutants
	cargo build --quiet --locked --workspace --bin campaign
	"$${CARGO_TARGET_DIR:-target}/debug/campaign" expressions

# Build the functions as SAM does, and the benchmark's smallest function
bootstraps:
	deploy/venv
	deploy/build hello

# Write the API reference of /docs as static files into target/docs, to be published
docs:
	cargo build --quiet --locked --workspace --bin local
	"$${CARGO_TARGET_DIR:-target}/debug/local" docs target/docs

# Lint docs/openapi.yaml, call the API with generated requests and with generated clients
openapi-checks:
	openapi-checks/check

# Run the programs of the partner guides, and check their receivers of webhooks
guides:
	tests/guides/receivers/packages
	cargo test --locked --workspace --test guides --test webhook_check -- --ignored

# Test the pages /chat and /docs in headless Chromium; screenshots are in target/screenshots
browser:
	cargo test --locked --workspace --test browser -- --ignored

# Run the contract's tests against the stack on MiniStack, and the checks of a deployed stack
e2e:
	deploy/ministack/e2e
