# What needs more than cargo: the tools of AWS, and the stack on this machine.

.PHONY: venv deploy-local undeploy-local e2e events browser

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

# The page at /chat, in headless Chromium. Pictures of it are in target/screenshots then
browser:
	cargo test --locked --package tests --test browser -- --ignored

# The tests of the contract against the stack on MiniStack, and what only a deployment shows
e2e:
	deploy/e2e
