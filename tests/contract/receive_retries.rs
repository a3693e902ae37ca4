//! `msgId` of `POST /chatbot/servlet/third/msg/receive`: a retry stores nothing.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{CUSTOMER_SERVICE, ManualClock, RECEIVED, System, until_answered};

#[tokio::test]
async fn a_retry_with_the_same_msg_id_stores_nothing_for_24_hours() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    let text = |content: &str| json!({"touser": "c", "fromuser": "客服A", "msgtype": "text", "text": {"content": content}, "msgId": "id-1"});
    let begin = json!({"touser": "c", "fromuser": "客服A", "msgtype": "event", "eventType": "begin", "msgId": "id-2"});
    let post = async |message: &Value| system.customer_service.try_receive(message).await;
    let stored = async || {
        let items = system.items("CHAT#1#c").await;
        let of = |prefix: &str| {
            items.iter().filter(|item| item["sk"].as_str().unwrap().starts_with(prefix)).count()
        };
        (of("MSG#"), of("EVT#"))
    };
    for _ in 0..3 {
        post(&text("好的")).await.is(200, RECEIVED);
        post(&begin).await.is(200, RECEIVED);
        clock.advance_seconds(1);
    }
    assert_eq!(stored().await, (2, 1));
    // The same message as other JSON: another order, white space around values, an unknown field.
    let same = r#" {"msgId":" id-1 ","unknown":1,"text":{"content":"好的"},"msgtype":"text","touser":"c","fromuser":" 客服A "}"#;
    system.customer_service.receive(same).await;
    assert_eq!(stored().await, (2, 1));
    for other in [
        text("好的 "),
        json!({"touser": "c", "fromuser": "客服B", "msgtype": "text", "text": {"content": "好的"}, "msgId": "id-1"}),
        json!({"touser": "c", "fromuser": "客服A", "msgtype": "event", "eventType": "begin", "msgId": "id-1"}),
        json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-2"}),
    ] {
        post(&other).await.is_error(400, 40035, "msgId: already used for different content");
    }
    assert_eq!(stored().await, (2, 1), "a refused call stores nothing");
    // Another chat, another source and another id are accepted.
    for (query, body) in [
        ("", json!({"touser": "d", "msgtype": "event", "eventType": "end", "msgId": "id-1"})),
        ("source=7", json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-1"})),
        ("", json!({"touser": "c", "msgtype": "event", "eventType": "end", "msgId": "id-2"})),
        ("", json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": "ID-1"})),
        ("", json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": "id-1#"})),
    ] {
        // Another application of the same source has its own ids.
        system.operator.grant("both", "both", &[CUSTOMER_SERVICE], &[1, 7]).await;
        system.partner("both").try_receive_with(query, body).await.is(200, RECEIVED);
    }
    clock.set(1_800_000_000_000 + 24 * 3_600_000 - 1_000);
    post(&text("other")).await.is_error(400, 40035, "msgId: already used for different content");
    clock.advance_seconds(1);
    post(&text("other")).await.is(200, RECEIVED);
    post(&text("other")).await.is(200, RECEIVED);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_concurrent_retries_is_stored() {
    let system = System::start().await;
    let message =
        json!({"touser": "c", "fromuser": "a", "msgtype": "text", "text": {"content": "x"}, "msgId": "m"});
    let receive = async || system.customer_service.try_receive(&message).await;
    for reply in join_all((0..20).map(|_| until_answered(&receive))).await {
        reply.is(200, RECEIVED);
    }
    assert_eq!(system.items("CHAT#1#c").await.len(), 2, "the message and its id");
}

#[tokio::test]
async fn a_msg_id_is_checked_after_all_other_fields() {
    let system = System::start().await;
    let post = async |body: Value| system.customer_service.try_receive(body).await;
    let evaluate = |id: Value| json!({"touser": "c", "msgtype": "evaluate", "url": "http://a", "msgId": id});
    for absent in [json!(null), json!(""), json!("\u{3000}")] {
        post(evaluate(absent)).await.is(200, RECEIVED);
    }
    assert_eq!(system.items("CHAT#1#c").await.len(), 3, "each message without an id is stored");
    for wrong in [json!([]), json!({}), json!(true), json!(1.5)] {
        post(evaluate(wrong)).await.is_error(400, 40035, "msgId: must be a string");
    }
    for unit in ["x", "消", "😀"] {
        let longest = unit.repeat(64 / unit.encode_utf16().count());
        post(evaluate(json!(longest))).await.is(200, RECEIVED);
        let too_long = format!("{longest}x");
        post(evaluate(json!(too_long))).await.is_error(
            400,
            40035,
            "msgId: length exceeds the max value [64]",
        );
    }
    post(evaluate(json!(123_456_789_012_345_678_u64))).await.is(200, RECEIVED);
    let first = json!({"touser": "c", "msgtype": "evaluate", "msgId": []});
    post(first).await.is_error(400, 40035, "Required parameter 'url' is not present");
}
