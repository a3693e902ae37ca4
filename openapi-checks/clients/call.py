"""Calls every endpoint with the Python client that openapi-checks/check generates from docs/openapi.yaml."""

import base64
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "target/openapi-checks/python"))

from third_party import AuthenticatedClient, models  # noqa: E402

URL = sys.argv[1]
CLIENT = base64.b64encode(b"demo:cs-33333333-3333-4333-8333-333333333333").decode()

client = AuthenticatedClient(URL, token=CLIENT, prefix="Basic")
platform = AuthenticatedClient(URL, token="cn-44444444-4444-4444-8444-444444444444")
called = set()


def call(endpoint, caller, **parameters):
    """Calls an endpoint, named by its module `TAG.NAME`, and returns the answer."""
    called.add(endpoint)
    return import_module(f"third_party.api.{endpoint}").sync(client=caller, **parameters)


request = models.TokenRequest(grant_type="client_credentials")
token = call("tokens.issue_token", client, body=request).access_token
partner = AuthenticatedClient(URL, token=token)

answer = call("tokens.introspect_token", client, body=models.TokenParameter(token=token))
assert answer.active and answer.scope == "message-push-service thirdparty-customer-service", answer

CHAT = "python-chat"
text = models.TextMessageText(content="您好 😀")
message = models.TextMessage(touser=CHAT, fromuser="客服A", msgtype="text", text=text, msg_id="python")
# A retry with the same msgId stores nothing.
for _ in range(2):
    answer = call("customer_service.receive_message", partner, body=message)
    assert answer.to_dict() == {"status": 0, "message": "ok"}, answer

said = models.UserText(chat_id=CHAT, message_id="python", msgtype="text", text=models.UserTextText(content="在吗"))
# A retry with the same messageId has the same number.
for _ in range(2):
    answer = call("platform.send_user_message", platform, body=said)
    assert answer.data.to_dict() == {"seq": 1, "state": "robot", "agent": ""}, answer

answer = call("platform.get_chat_messages", platform, chat_id=CHAT, latest=True)
shown = [(message.text.content, message.seq or None) for message in answer.data.messages]
assert shown == [("您好 😀", None), ("在吗", 1)], answer

cursor, read = "", []
while (answer := call("customer_service.sync_messages", partner, cursor=cursor)).list_:
    cursor, read = answer.cursor, read + answer.list_
assert [entry.text.content for entry in read if entry.open_id == CHAT] == ["在吗"], read

turn = models.RobotTurn(open_id=CHAT, question="我是问题", reply="我是答案", date_time="2020-05-12 08:30:00")
answer = call("platform.record_chatlog", platform, body=turn)
assert answer.to_dict() == {"code": 200, "message": "success", "data": {}}, answer
answer = call("customer_service.get_chatlog", partner, open_id=CHAT, limit=1)
entry = {"Question": "我是问题", "Reply": "我是答案", "DateTime": "2020-05-12 08:30:00", "ReplyMode": ""}
assert answer.to_dict() == {"status": 0, "message": "ok", "total": "1", "list": [entry]}, answer

answer = call("customer_service.get_user_info", partner, client_id="ASDJQFJQEFQEGNQEG")
assert answer.chat_user.city == "海淀", answer

push = models.PushRequest(user_ids="python-user", content="<b>新消息</b>", expire_time=1, message_id="python")
answer = call("message_push.push_message", partner, body=push)
assert answer.to_dict() == {"code": 200, "message": "success"}, answer

login = models.Login(user_id="python-user", client_id="python", host_ip="10.1.123.6", user_agent="Mozilla/5.0")
answer = call("platform.log_in_user", platform, body=login)
waiting = answer.data.messages
assert [message.safe_content for message in waiting] == ["<b>新消息</b>"], answer

ack_ids = [message.ack_id for message in waiting]
state = models.AcknowledgementState.READ
acknowledgement = models.Acknowledgement(user_id="python-user", ack_ids=ack_ids, state=state)
answer = call("platform.acknowledge_messages", platform, body=acknowledgement)
assert answer.data.to_dict() == {"acknowledged": 1, "invalid": []}, answer

answer = call("platform.get_pending_messages", platform, user_id="python-user")
assert answer.data.to_dict() == {"messages": []}, answer

request = models.TicketRequest(user_id="python-user", chats=[models.WatchedChat(chat_id=CHAT)])
answer = call("platform.issue_ticket", platform, body=request)
assert (len(answer.data.ticket), answer.data.expires_in) == (64, 60) and answer.data.url.startswith("ws://"), "no ticket"

answer = call("message_push.recall_message", partner, body=models.RecallRequest(message_id="python"))
assert answer.to_dict() == {"code": 200, "message": "success"}, answer
answer = call("message_push.recall_message", partner, body=models.RecallRequest(message_id="nothing"))
assert answer.to_dict() == {"code": 404, "message": "message does not exist"}, answer

# The user read the message before the recall, so it counts as read.
answer = call("message_push.get_push_status", partner, message_id="python")
assert (answer.data.read, answer.data.recalled) == (1, 0), answer

answer = call("customer_service.get_user_info", partner, client_id="nobody")
assert answer.to_dict() == {"status": -1, "errcode": 46004, "message": "user does not exist"}, answer

answer = call("tokens.revoke_token", client, body=models.TokenParameter(token=token))
assert answer.to_dict() == {}, answer
# A revoked token is refused at once: `local` has no authorizer cache.
answer = call("message_push.get_push_status", partner, message_id="python")
assert answer.to_dict() == {"code": 400, "message": "check access_token error"}, answer

modules = (Path(__file__).parents[2] / "target/openapi-checks/python/third_party/api").glob("*/[!_]*.py")
endpoints = {f"{module.parent.name}.{module.stem}" for module in modules}
assert called == endpoints, endpoints - called
print(f"Python: all {len(endpoints)} endpoints")
