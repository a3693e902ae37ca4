//! Contract, "GET /chatbot/servlet/third/msg/chatlog/get".

use model::{BoundedText, ChatId, Source, Timestamp};
use serde_json::{Value, json};
use store::{
    RecordId,
    chat_log::{self, Turn, TurnRecord},
};
use tests::{CUSTOMER_SERVICE, ManualClock, System, text_message};

const EMPTY: &str = r#"{"status":0,"message":"ok","total":"0","list":[]}"#;
/// 2020-05-12 08:30:00 in UTC+8.
const MORNING: u64 = 1_589_243_400_000;

struct Asked<'a> {
    question: &'a str,
    reply: &'a str,
    at: u64,
    expire_at: u64,
}

async fn store(system: &System, source: u32, chat: &str, asked: &Asked<'_>) {
    let at = Timestamp::from_millis(asked.at);
    let record = TurnRecord {
        question: asked.question.to_owned(),
        reply: asked.reply.to_owned(),
        reply_mode: None,
        expire_at: asked.expire_at,
    };
    let turn = Turn { at, id: RecordId::new(at), record };
    let source = Source::try_from(source).unwrap();
    chat_log::put(&system.chat_table(), source, &ChatId::parse(chat).unwrap(), &turn).await.unwrap();
}

/// A time after every test.
const NEVER: u64 = 9_999_999_999;

/// Stores `count` turns, one second apart.
pub(super) async fn store_many(system: &System, chat: &str, count: u64, question: &str, expire_at: u64) {
    let items = (0..count).map(|number| {
        json!({
            "pk": format!("LOG#1#{chat}"), "sk": format!("{:013}#{number:08}", MORNING + number * 1000),
            "question": question, "reply": number.to_string(), "expireAt": expire_at,
        })
    });
    system.store_items(items).await;
}

/// Reads a whole log; returns the replies of each page.
async fn read_all(system: &System, chat: &str, limit: Option<&str>) -> Vec<Vec<String>> {
    let mut answers = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut parameters = vec![("openId", chat)];
        parameters.extend(limit.map(|limit| ("limit", limit)));
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let answer = system.customer_service.chatlog(&parameters).await.success();
        let list = answer["list"].as_array().unwrap();
        assert_eq!(answer["total"], list.len().to_string());
        answers.push(list.iter().map(|entry| entry["Reply"].as_str().unwrap().to_owned()).collect());
        match answer.get("cursor") {
            Some(next) => cursor = Some(next.as_str().unwrap().to_owned()),
            None => return answers,
        }
    }
}

#[tokio::test]
async fn the_documented_conversation_is_shown_as_documented() {
    let system = System::start().await;
    let chat = "dc71a6ba-24b6-4ed9-b865-837f2a7e158f";
    let expected = r#"{"status":0,"message":"ok","total":"2","list":[{"Question":"我是问题1","Reply":"我是答案1","DateTime":"2020-05-12 08:30:00","ReplyMode":""},{"Question":"我是问题2","Reply":"我是答案2","DateTime":"2020-05-12 08:50:00","ReplyMode":""}]}"#;
    for query in
        [format!("openId={chat}&source=1"), format!("openId={chat}"), format!("openId=%20{chat}%20&limit=2")]
    {
        system.customer_service.chatlog_with(&query).await.is(200, expected);
    }
}

#[tokio::test]
async fn an_unknown_chat_is_an_empty_list() {
    let system = System::start().await;
    system.customer_service.chatlog(&[("openId", "nobody")]).await.is(200, EMPTY);
    // Messages of agents are not part of the conversation with the robot.
    let message = text_message("nobody", "a", "x");
    system.customer_service.receive(message).await;
    system.customer_service.chatlog(&[("openId", "nobody")]).await.is(200, EMPTY);
}

#[tokio::test]
async fn entries_are_complete_oldest_first_and_of_one_source() {
    let system = System::start().await;
    system.operator.grant("two", "app", &[CUSTOMER_SERVICE], &[1, 2]).await;
    let text = "<b>\"引号\"</b>\\ \n😀\u{1}";
    for (source, at) in [(1, MORNING + 86_400_000), (1, MORNING), (2, MORNING + 1), (1, MORNING + 1)] {
        let reply = format!("{source} {at}");
        store(&system, source, "c", &Asked { question: text, reply: &reply, at, expire_at: NEVER }).await;
    }
    let entry = |source: u32, at: u64, date_time: &str| {
        let question = serde_json::to_string(text).unwrap();
        format!(
            r#"{{"Question":{question},"Reply":"{source} {at}","DateTime":"{date_time}","ReplyMode":""}}"#
        )
    };
    let caller = system.partner("two");
    caller.chatlog(&[("openId", "c"), ("source", "1")]).await.is(
        200,
        &format!(
            r#"{{"status":0,"message":"ok","total":"3","list":[{},{},{}]}}"#,
            entry(1, MORNING, "2020-05-12 08:30:00"),
            entry(1, MORNING + 1, "2020-05-12 08:30:00"),
            entry(1, MORNING + 86_400_000, "2020-05-13 08:30:00"),
        ),
    );
}

#[tokio::test]
async fn an_entry_is_shown_until_it_expires() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    store(&system, 1, "c", &Asked { question: "q", reply: "r", at: MORNING, expire_at: 1_800_000_060 }).await;
    clock.advance_seconds(59);
    assert_eq!(system.customer_service.chatlog(&[("openId", "c")]).await.success()["total"], "1");
    clock.advance_seconds(1);
    system.customer_service.chatlog(&[("openId", "c")]).await.is(200, EMPTY);
}

#[tokio::test]
async fn pages_of_any_limit_cover_the_whole_log() {
    let system = System::start().await;
    store_many(&system, "walk", 25, "q", NEVER).await;
    let everything: Vec<_> = (0..25).map(|number: u32| number.to_string()).collect();
    for (limit, answers) in [
        (Some("1"), 25),
        (Some("7"), 4),
        (Some("5"), 5),
        (Some("24"), 2),
        (Some("25"), 1),
        (Some("1000"), 1),
        (None, 1),
    ] {
        let walked = read_all(&system, "walk", limit).await;
        assert_eq!(walked.len(), answers, "limit {limit:?}");
        assert_eq!(walked.concat(), everything);
    }
}

#[tokio::test]
async fn absent_values_are_empty_strings() {
    let system = System::start().await;
    let bare = json!({"pk": "LOG#1#bare", "sk": "1589243400000#x", "expireAt": NEVER});
    system.store_items([bare]).await;
    system.customer_service.chatlog(&[("openId", "bare")]).await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","list":[{"Question":"","Reply":"","DateTime":"2020-05-12 08:30:00","ReplyMode":""}]}"#,
    );
}

#[tokio::test]
async fn expired_entries_neither_count_nor_leave_an_empty_last_answer() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    for number in 0..12_u64 {
        let expire_at = if number % 3 == 0 { 1_900_000_000 } else { 1_800_000_000 };
        let reply = number.to_string();
        store(&system, 1, "c", &Asked { question: "q", reply: &reply, at: MORNING + number, expire_at })
            .await;
    }
    assert_eq!(read_all(&system, "c", Some("2")).await, [["0", "3"], ["6", "9"]]);
    assert_eq!(read_all(&system, "c", Some("4")).await, [["0", "3", "6", "9"]]);
    assert_eq!(read_all(&system, "c", None).await, [["0", "3", "6", "9"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_at_the_size_limit_of_lambda() {
    let system = System::start().await;
    // Each entry takes at least 40,000 bytes in the answer, thus 180 entries need two answers.
    for (chat, question) in [
        ("plain", "x".repeat(40_000)),
        ("quotes", "\"".repeat(10_000)),
        ("backslashes", "\\".repeat(10_000)),
        ("emoji", "😀".repeat(10_000)),
        ("control", "\u{1}".repeat(6_000)),
    ] {
        store_many(&system, chat, 180, &question, NEVER).await;
        let answers = read_all(&system, chat, None).await;
        assert_eq!(answers.len(), 2, "{chat}");
        assert_eq!(answers.concat(), (0..180).map(|number| number.to_string()).collect::<Vec<_>>(), "{chat}");
        // The first answer is filled up to 5.5 MB.
        let in_answer = serde_json::to_string(&serde_json::json!({"Question": question})).unwrap();
        let size = serde_json::to_string(&in_answer).unwrap().len() * answers[0].len();
        assert!((5_000_000..=5_500_000).contains(&size), "{chat}: {size}");
        // A limit does not change that.
        let first = system.customer_service.chatlog(&[("openId", chat), ("limit", "1000")]).await.success();
        assert_eq!(first["total"], answers[0].len().to_string());
    }
}

#[tokio::test]
async fn open_id_limit_and_cursor_are_checked_in_order() {
    let system = System::start().await;
    let cases: [(&[(&str, &str)], &str); 18] = [
        (&[], "Required parameter 'openId' is not present"),
        (&[("openId", "")], "Required parameter 'openId' is not present"),
        (&[("openId", " \u{3000}\t")], "Required parameter 'openId' is not present"),
        (&[("openid", "x")], "Required parameter 'openId' is not present"),
        (&[("openId", "c"), ("limit", "0")], "limit: value must be between 1 and 1000"),
        (&[("openId", "c"), ("limit", "1001")], "limit: value must be between 1 and 1000"),
        (&[("openId", "c"), ("limit", "99999999999999999999")], "limit: value must be between 1 and 1000"),
        (&[("openId", "c"), ("limit", "x")], "limit: must be an integer"),
        (&[("openId", "c"), ("limit", "1.0")], "limit: must be an integer"),
        (&[("openId", "c"), ("limit", "-")], "limit: must be an integer"),
        (&[("openId", "c"), ("limit", "-1")], "limit: value must be between 1 and 1000"),
        (&[("openId", "c"), ("cursor", "x")], "cursor: is not valid"),
        (&[("openId", "c"), ("cursor", "AAAAAAAAAAAAAAAA")], "cursor: is not valid"),
        (&[("openId", "c"), ("cursor", "游标")], "cursor: is not valid"),
        // The order of checks: source, openId, limit, cursor.
        (&[("source", "x"), ("openId", ""), ("limit", "0"), ("cursor", "x")], "source: must be an integer"),
        (&[("openId", ""), ("limit", "0"), ("cursor", "x")], "Required parameter 'openId' is not present"),
        (&[("openId", "c"), ("limit", "0"), ("cursor", "x")], "limit: value must be between 1 and 1000"),
        (&[("source", "0"), ("openId", "c")], "source: value must be between 1 and 2147483647"),
    ];
    for (parameters, message) in cases {
        system.customer_service.chatlog(parameters).await.is_error(400, 40035, message);
    }
    system.customer_service.chatlog(&[("source", "2")]).await.is_error(403, 48001, "source is not permitted");
    for longest in ["x".repeat(64), "😀".repeat(32), "好".repeat(64)] {
        system
            .customer_service
            .chatlog(&[("openId", &longest), ("limit", "1000"), ("cursor", " ")])
            .await
            .is(200, EMPTY);
        system.customer_service.chatlog(&[("openId", &format!("{longest}x"))]).await.is_error(
            400,
            40035,
            "openId: length exceeds the max value [64]",
        );
    }
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_chat_and_source_only_and_an_altered_one_is_rejected() {
    let system = System::start().await;
    system.operator.grant("two", "app", &[CUSTOMER_SERVICE], &[1, 2]).await;
    let caller = system.partner("two");
    store_many(&system, "one", 3, "q", NEVER).await;
    store_many(&system, "other", 3, "q", NEVER).await;
    let answer = caller.chatlog(&[("openId", "one"), ("limit", "1")]).await.success();
    let cursor = answer["cursor"].as_str().unwrap();
    let next = caller.chatlog(&[("openId", "one"), ("limit", "1"), ("cursor", cursor)]).await.success();
    assert_eq!(next["list"][0]["Reply"], "1");
    // The cursor does not fix the limit, and it can be used again.
    let rest = caller.chatlog(&[("openId", "one"), ("cursor", cursor)]).await.success();
    assert_eq!(rest["total"], "2");
    assert_eq!(rest.get("cursor"), None);

    for parameters in [
        [("openId", "other"), ("cursor", cursor), ("source", "1")],
        [("openId", "one"), ("cursor", cursor), ("source", "2")],
    ] {
        caller.chatlog(&parameters).await.is_error(400, 40035, "cursor: is not valid");
    }
    for at in 0..cursor.len() {
        let replacement = if &cursor[at..=at] == "A" { "B" } else { "A" };
        let altered = format!("{}{replacement}{}", &cursor[..at], &cursor[at + 1..]);
        caller.chatlog(&[("openId", "one"), ("cursor", &altered)]).await.is_error(
            400,
            40035,
            "cursor: is not valid",
        );
    }
}

#[tokio::test]
async fn hostile_chat_ids_name_no_other_chat() {
    let system = System::start().await;
    let chats = [
        ("#", "hash"),
        ("%23", "escaped"),
        ("a b", "space"),
        ("a/b", "slash"),
        ("\u{0}", "nul"),
        ("1#c", "key"),
    ];
    for (chat, reply) in chats {
        store(&system, 1, chat, &Asked { question: "q", reply, at: MORNING, expire_at: NEVER }).await;
    }
    for (chat, reply) in chats {
        let answer = system.customer_service.chatlog(&[("openId", chat)]).await.success();
        assert_eq!((&answer["total"], &answer["list"][0]["Reply"]), (&Value::from("1"), &Value::from(reply)));
    }
    system.customer_service.chatlog(&[("openId", "c")]).await.is(200, EMPTY);
}

#[tokio::test]
async fn thousands_of_expired_entries_end_an_answer_with_a_cursor() {
    let system = System::start().await;
    // 9 MB of expired entries that TTL has not removed yet.
    store_many(&system, "old", 9_000, &"q".repeat(900), 1).await;
    for limit in ["&limit=1", ""] {
        let (mut cursor, mut answers) = (String::new(), 0);
        loop {
            system.proxy.forget();
            let query = format!("openId=old{limit}&cursor={cursor}");
            let answer = system.customer_service.chatlog_with(&query).await.success();
            assert_eq!(
                (answer["total"].as_str(), answer["list"].as_array().map(Vec::len)),
                (Some("0"), Some(0))
            );
            assert!(system.proxy.operations().len() <= 1 + 7, "{:?}", system.proxy.operations());
            answers += 1;
            match answer["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(answers, 2, "{limit}");
    }
}
