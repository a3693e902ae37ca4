//! Contract, "GET /chatbot/servlet/user/info/get".

use model::{BoundedText, ClientId, Source, Timestamp};
use store::users::{self, UserRecord};
use tests::{CUSTOMER_SERVICE, ManualClock, System};

async fn store(system: &System, source: u32, id: &str, user: UserRecord) {
    let source = Source::try_from(source).unwrap();
    users::put(&system.chat_table(), source, &ClientId::parse(id).unwrap(), &user).await.unwrap();
}

#[tokio::test]
async fn the_documented_user_is_shown_as_documented() {
    let system = System::start().await;
    let expected = r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"ASDJQFJQEFQEGNQEG","hostIp":"10.1.123.6","broswer":"Crome","sysInfo":"","address":"北京","city":"海淀","lastLoginTime":"2020-05-12 08:30:00"},"channelConfig":{"name":"广旺财"}}"#;
    for query in [
        "clientId=ASDJQFJQEFQEGNQEG&source=1",
        "clientId=ASDJQFJQEFQEGNQEG",
        "clientId=%20ASDJQFJQEFQEGNQEG%0A",
    ] {
        system.customer_service.user_info_with(query).await.is(200, expected);
    }
}

#[tokio::test]
async fn unknown_details_of_a_user_are_empty_strings() {
    let system = System::start().await;
    let expire_at = system.clock.now().seconds() + 60;
    store(&system, 1, "bare", UserRecord { expire_at, ..UserRecord::default() }).await;
    system.customer_service.user_info_with("clientId=bare").await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"bare","hostIp":"","broswer":"","sysInfo":"","address":"","city":"","lastLoginTime":""},"channelConfig":{"name":""}}"#,
    );
}

#[tokio::test]
async fn a_user_of_another_source_does_not_exist() {
    let system = System::start().await;
    system.operator.grant("two", "app", &[CUSTOMER_SERVICE], &[1, 2]).await;
    let caller = system.partner("two");
    let user = UserRecord {
        last_login_time: Some(Timestamp::from_millis(1_800_000_000_000)),
        expire_at: system.clock.now().seconds() + 60,
        ..UserRecord::default()
    };
    store(&system, 2, "u", user).await;
    caller.user_info_with("clientId=u&source=1").await.is_error(404, 46004, "user does not exist");
    caller.user_info_with("clientId=u&source=2").await.is(
        200,
        r#"{"status":0,"message":"ok","total":"1","chatUser":{"clientId":"u","hostIp":"","broswer":"","sysInfo":"","address":"","city":"","lastLoginTime":"2027-01-15 16:00:00"},"channelConfig":{"name":""}}"#,
    );
}

#[tokio::test]
async fn a_user_exists_until_the_record_expires() {
    let clock = ManualClock::at(1_800_000_000_000);
    let system = System::start_at(&clock).await;
    store(&system, 1, "u", UserRecord { expire_at: 1_800_000_060, ..UserRecord::default() }).await;
    clock.advance_seconds(59);
    assert_eq!(system.customer_service.user_info_with("clientId=u").await.status, 200);
    clock.advance_seconds(1);
    system.customer_service.user_info_with("clientId=u").await.is_error(404, 46004, "user does not exist");
}

#[tokio::test]
async fn client_id_is_required_and_at_most_64_long() {
    let system = System::start().await;
    for query in ["", "clientId=", "clientId=%20%09%E3%80%80", "clientid=x", "source=1"] {
        system.customer_service.user_info_with(query).await.is_error(
            400,
            40035,
            "Required parameter 'clientId' is not present",
        );
    }
    for longest in ["x".repeat(64), "%F0%9F%98%80".repeat(32), "%E5%A5%BD".repeat(64)] {
        let unknown = system.customer_service.user_info_with(&format!("clientId={longest}")).await;
        unknown.is_error(404, 46004, "user does not exist");
        system.customer_service.user_info_with(&format!("clientId={longest}x")).await.is_error(
            400,
            40035,
            "clientId: length exceeds the max value [64]",
        );
    }
    system
        .customer_service
        .user_info_with(&format!("clientId=u&clientId={}", "x".repeat(65)))
        .await
        .is_error(404, 46004, "user does not exist");
}

#[tokio::test]
async fn source_is_checked_before_client_id() {
    let system = System::start().await;
    system.customer_service.user_info_with("source=0").await.is_error(
        400,
        40035,
        "source: value must be between 1 and 2147483647",
    );
    system.customer_service.user_info_with("source=x").await.is_error(
        400,
        40035,
        "source: must be an integer",
    );
    system.customer_service.user_info_with("source=2").await.is_error(403, 48001, "source is not permitted");
}

#[tokio::test]
async fn hostile_ids_name_nobody_else() {
    let system = System::start().await;
    let expire_at = system.clock.now().seconds() + 60;
    for (id, name) in
        [("#", "hash"), ("%23", "escaped"), ("a/b", "slash"), ("a b", "space"), ("\u{0}", "nul")]
    {
        let user = UserRecord { channel_name: Some(name.to_owned()), expire_at, ..UserRecord::default() };
        store(&system, 1, id, user).await;
    }
    for (query, name) in [
        ("%23", "hash"),
        ("%2523", "escaped"),
        ("a/b", "slash"),
        ("a+b", "space"),
        ("a%20b", "space"),
        ("%00", "nul"),
    ] {
        let reply = system.customer_service.user_info_with(&format!("clientId={query}")).await;
        assert!(reply.body.ends_with(&format!(r#""channelConfig":{{"name":"{name}"}}}}"#)), "{}", reply.body);
    }
}
