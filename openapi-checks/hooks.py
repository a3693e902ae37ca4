"""Hooks of Schemathesis: rules that docs/openapi.yaml cannot express to a random caller, and additional checks."""

import json
from datetime import datetime
from pathlib import Path

import requests
import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis import GenerationMode

DOCUMENT = yaml.safe_load((Path(__file__).parent.parent / "docs/openapi.yaml").read_text(encoding="utf-8"))

# The generator's own IRIs have any scheme, and hosts that no browser accepts.
schemathesis.openapi.format(
    "iri",
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(["http", "https", "HTTP", "Https"]),
        st.sampled_from(["example.com", "a", "127.0.0.1:8080", "[::1]", "user@example.com", "例子.测试"]),
        st.sampled_from(["", "/", "/a/b?c=d&e=%20#f", "/路径?名=值"]),
    ),
)
schemathesis.openapi.format(
    "local-date-time",
    st.builds(
        lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}",
        st.datetimes(datetime(1970, 1, 2), datetime(2286, 11, 20)),
    ),
)

# The content of each id: of a push and of a user's message by `messageId`, of a received message by `msgId`, of a turn by
# `entryId`.
contents = {}

# Recalled message ids. A push with such an id is refused.
recalled = set()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Repairs valid test cases where a rule spans several calls, so that the API accepts them."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    # A cursor is opaque: only the API issues valid ones. The contract tests cover paging.
    for name in ("cursor", "after"):
        (case.query or {}).pop(name, None)
    if not isinstance(case.body, dict):
        return
    # 1.0 is an integer in JSON Schema, but not in the contract.
    case.body = without_fractions(case.body)
    keep_contents(case.operation.definition.raw["operationId"], case.query or {}, case.body)
    # The client authenticates by HTTP Basic, so other credentials in the body are refused. Its scope must be an approved one.
    for name in ("client_id", "client_secret"):
        case.body.pop(name, None)
    if "scope" in case.body:
        case.body["scope"] = "message-push-service"


def keep_contents(operation, query, body):
    """Sends an id that was used before with its earlier content, since another content is a conflict."""
    if operation == "pushMessage":
        if text(body["messageId"]) in recalled:
            # An id that is new for this number of recalled ids.
            body["messageId"] = f"not recalled {len(recalled)}"
        key = (operation, text(body["messageId"]))
        body["content"] = contents.setdefault(key, body["content"])
    elif operation == "receiveMessage" and text(body.get("msgId")):
        key = (operation, source(query), text(body["touser"]), text(body["msgId"]))
        repeat(key, body)
    elif operation == "sendUserMessage":
        key = (operation, source(body), text(body["chatId"]), text(body["messageId"]))
        repeat(key, body)
    elif operation == "recordChatlog" and text(body.get("entryId")):
        key = (operation, source(body), text(body["openId"]), text(body["entryId"]))
        body["question"], body["reply"] = contents.setdefault(key, (body["question"], body["reply"]))


def repeat(key, body):
    """Replaces a message by the first one under its key."""
    message = contents.setdefault(key, dict(body))
    body.clear()
    body.update(message)


@schemathesis.hook
def after_call(context, case, response):
    """Records recalled message ids."""
    if case.operation.definition.raw["operationId"] == "recallMessage" and response.status_code == 200:
        recalled.add(text(json.loads(response.request.body)["messageId"]))


def source(parameters):
    """The source as the API reads it."""
    return text(parameters.get("source")).lstrip("0") or "1"


def text(value):
    """An id as the API reads it."""
    return "" if value is None else str(value).strip()


def without_fractions(value):
    if isinstance(value, dict):
        return {name: without_fractions(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_fractions(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def resolved(node):
    while "$ref" in node:
        target = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def documented(operation, status):
    """The example bodies in the document for a status of an operation."""
    responses = DOCUMENT["paths"][operation.path][operation.method]["responses"]
    response = resolved(responses[str(status)])
    return [example["value"] for example in response["content"]["application/json"]["examples"].values()]


@schemathesis.check
def an_error_is_one_that_the_document_shows(context, response, case):
    """Every error has a documented status and one of the example bodies of the document."""
    if response.status_code >= 400:
        body = response.json()
        assert body in documented(case.operation, response.status_code), f"not in the document: {body}"


@schemathesis.check
def a_method_that_is_not_there_is_an_invalid_url(context, response, case):
    """Replaces the built-in check `unsupported_method`."""
    if case.method.lower() != case.operation.method.lower():
        assert response.status_code == 404, response.status_code


@schemathesis.check
def a_wrong_token_is_refused(context, response, case):
    """Replaces the built-in checks `ignored_auth` and `missing_required_header` where they are disabled."""
    tags = case.operation.definition.raw["tags"]
    if response.status_code != 200 or tags[0] not in ("Message push", "Platform"):
        return
    request = response.request
    for authorization in (None, "Bearer wrong", "Basic ZGVtbzp4"):
        headers = {**request.headers, "Authorization": authorization}
        headers = {name: value for name, value in headers.items() if value is not None}
        other = requests.request(request.method, request.url, data=request.body, headers=headers, timeout=10)
        assert other.status_code == 400, (authorization, other.status_code)
