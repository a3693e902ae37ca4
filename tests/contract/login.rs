//! `POST /chatbot/api/platform/user/login`.

use serde_json::{Value, json};
use tests::{CUSTOMER_SERVICE, Fault, ManualClock, System};

use super::inboxes::ids;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
/// 2026-11-21 08:00:10 in UTC+8.
const NOW: u64 = 1_795_219_210_000;

#[tokio::test]
async fn a_login_stores_the_user_and_returns_the_pending_messages() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.message_push.push("u,v", "<b>您好</b><script>alert(1)</script>", "m", 2).await;
    clock.advance_seconds(60);
    let login = json!({
        "userId": "u", "clientId": "c", "hostIp": "10.1.123.6", "userAgent": CHROME, "address": "北京",
        "city": "海淀", "channelName": "广旺财",
    });
    let shown = system.platform.ack_id("u", "demo", "m").await;
    system.platform.try_login(login).await.is(
        200,
        &format!(
            r#"{{"code":200,"message":"success","data":{{"messages":[{{"messageId":"m","appId":"demo","ackId":"{shown}","content":"<b>您好</b><script>alert(1)</script>","safeContent":"<b>您好</b>","acceptedAt":"2026-11-21 08:00:10","expireAt":"2026-11-21 10:00:10"}}]}}}}"#
        ),
    );
    system.customer_service.user_info(&[("clientId", "c")]).await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"c","hostIp":"10.1.123.6","broswer":"Chrome 120.0.0.0","sysInfo":"Windows 10","address":"北京","city":"海淀","lastLoginTime":"2026-11-21 08:01:10"},"channelConfig":{"name":"广旺财"}}"#,
    );
    let again = json!({
        "userId": "w", "clientId": "c", "source": 7, "hostIp": "::1", "userAgent": "x", "sysInfo": "HarmonyOS",
        "broswer": "Crome",
    });
    let empty = r#"{"code":200,"message":"success","data":{"messages":[]}}"#;
    system.platform.try_login(again).await.is(200, empty);
    system.operator.grant("seven", "seven", &[CUSTOMER_SERVICE], &[7]).await;
    let user = system.partner("seven").user_info(&[("clientId", "c"), ("source", "7")]).await.json();
    assert_eq!(
        (&user["chatUser"]["broswer"], &user["chatUser"]["sysInfo"]),
        (&json!("Crome"), &json!("HarmonyOS"))
    );
    assert_eq!(user["channelConfig"]["name"], "");
}

#[tokio::test]
async fn a_user_is_known_for_a_year_after_the_last_login() {
    let clock = ManualClock::at(NOW);
    let system = System::start_at(&clock).await;
    system.platform.login("u", "c").await;
    clock.advance_seconds(365 * 24 * 3600 - 1);
    assert_eq!(system.customer_service.user_info(&[("clientId", "c")]).await.status, 200);
    clock.advance_seconds(1);
    system.customer_service.user_info(&[("clientId", "c")]).await.is_error(404, 46004, "user does not exist");
}

#[tokio::test]
async fn the_parameters_of_a_login_are_checked_in_order() {
    let system = System::start().await;
    let full = json!({
        "source": 1, "userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x", "broswer": "b",
        "sysInfo": "s", "address": "a", "city": "c", "channelName": "n",
    });
    let refused = async |body: &Value, message: &str| {
        system.platform.try_login(body).await.is_code(400, message);
    };
    for (name, max, required) in [
        ("userId", 60, true),
        ("clientId", 64, true),
        ("hostIp", 64, true),
        ("userAgent", 2048, true),
        ("broswer", 255, false),
        ("sysInfo", 255, false),
        ("address", 255, false),
        ("city", 255, false),
        ("channelName", 255, false),
    ] {
        let with = |value: Value| {
            let mut body = full.clone();
            body[name] = value;
            body
        };
        assert_eq!(system.platform.try_login(with(json!("字".repeat(max)))).await.status, 200);
        refused(&with(json!("字".repeat(max + 1))), &format!("{name}: length exceeds the max value [{max}]"))
            .await;
        refused(&with(json!(["x"])), &format!("{name}: must be a string")).await;
        for absent in [json!(null), json!(""), json!(" \u{3000}")] {
            if required {
                refused(&with(absent), &format!("Required parameter '{name}' is not present")).await;
            } else {
                assert_eq!(system.platform.try_login(with(absent)).await.status, 200, "{name}");
            }
        }
    }
    refused(&json!({"source": "x"}), "source: must be an integer").await;
    refused(&json!({"source": 0}), "source: value must be between 1 and 2147483647").await;
    refused(&json!({}), "Required parameter 'userId' is not present").await;
    for body in ["", "[]", "{", "\u{feff}"] {
        system.platform.try_login(body).await.is_code(400, "body is not valid JSON");
    }
    system.platform.try_login(" ".repeat(262_145)).await.is_code(413, "body size exceeds the max value");
    assert_eq!(system.items("USER#1#c").await.len(), 1, "a refused login stores nothing");
}

#[tokio::test]
async fn a_login_succeeds_and_is_stored_when_the_inbox_cannot_be_read() {
    for fault in [Fault::InternalError, Fault::Cut, Fault::Throttled, Fault::Stalled] {
        let system = System::start().await;
        system.message_push.push("u", "x", "m", 1).await;
        system.proxy.fail(move |_, operation| (operation == "Query").then_some(fault));
        let data = system.platform.login("u", "c").await;
        assert_eq!(ids(&data), [""; 0]);
        system.proxy.recover();
        assert_eq!(ids(&system.platform.pending("u", data["cursor"].as_str().unwrap()).await), ["m"]);
        let user = system.customer_service.user_info(&[("clientId", "c")]).await;
        assert_eq!(user.status, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_login_fails_when_the_user_cannot_be_stored() {
    let system = System::start().await;
    system.proxy.fail(|_, operation| (operation == "PutItem").then_some(Fault::InternalError));
    let login = json!({"userId": "u", "clientId": "c", "hostIp": "h", "userAgent": "x"});
    system.platform.try_login(login).await.is_code(500, "system error");
}
