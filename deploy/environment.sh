# Sourced by the scripts that build and that use MiniStack: its endpoint and its credentials. It replaces the developer's own AWS
# settings, so that no script reaches an account.
# shellcheck shell=bash

export PATH="$PWD/.venv/bin:$PATH"

export MINISTACK_PORT="${MINISTACK_PORT:-4566}"
export AWS_ENDPOINT_URL="http://127.0.0.1:$MINISTACK_PORT"
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost

export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
unset AWS_PROFILE AWS_SESSION_TOKEN
export AWS_PAGER=''

export SAM_CLI_TELEMETRY=0

export STACK_NAME=third-party-service
