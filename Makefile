# What is more than one cargo command, or needs more than cargo: the tools of AWS, the stack on this machine, the OpenAPI document.

.PHONY: venv deploy-local undeploy-local e2e events sam-local browser docs openapi-checks guides bench load cost bootstraps

# The project's own Python environment, .venv
venv:
	deploy/venv

# The stack on MiniStack. Parameters of the template: make deploy-local PARAMETERS='AuthorizerCacheSeconds=0'
deploy-local:
	deploy/deploy-local $(PARAMETERS)

# Ends MiniStack, and with it everything that was deployed
undeploy-local:
	deploy/ministack stop

# Every event of events/ on the built functions, under AWS's runtime interface emulator
events:
	deploy/venv
	deploy/build
	.venv/bin/python deploy/check-events

# The same through `sam local invoke` in Docker, and calls of `sam local start-api`; root needs no engine that runs, but
# docker.io and debootstrap of Debian
sam-local:
	deploy/venv
	deploy/build
	deploy/sam-local

# Start, latency, memory and size of each function beside the smallest one there can be, and CPU time and memory of the
# sanitizer for its most expensive contents; some ten minutes once all is built
bench: bootstraps
	cargo run --profile bench --locked --package bench -- functions
	cargo run --release --locked --package bench-sanitizer

# 100,000 requests of mixed kinds at pools of processes
load: bootstraps
	cargo run --profile bench --locked --package bench -- load

# What each endpoint asks of DynamoDB, and what that costs
cost:
	cargo build --quiet --locked --workspace --bin bench
	"$${CARGO_TARGET_DIR:-target}/debug/bench" cost

# The functions as SAM builds them, and in the same way the smallest one
bootstraps:
	deploy/venv
	deploy/build hello

# The reference as static files, in target/docs: the page of /docs, to be published
docs:
	cargo build --quiet --locked --workspace --bin local
	"$${CARGO_TARGET_DIR:-target}/debug/local" docs target/docs

# docs/openapi.yaml: linted, called with generated requests, and by generated clients that call every endpoint
openapi-checks:
	openapi-checks/check

# The programs of the guides for partners, in Python and Java
guides:
	cargo test --locked --workspace --test guides -- --ignored

# The pages at /chat and /docs, in headless Chromium. Pictures of them are in target/screenshots then
browser:
	cargo test --locked --workspace --test browser -- --ignored

# The tests of the contract against the stack on MiniStack, and what only a deployment shows
e2e:
	deploy/e2e
