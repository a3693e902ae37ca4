//! Logs: one line per request, and never a token, a header or a body.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{
    CUSTOMER_SERVICE, Caller, Captured, Fault, MESSAGE_PUSH, ManualClock, OAuthClient, System,
    TOKENS_PER_MINUTE, end_event, paths, push_request, text_message, user_text,
};
use tracing::level_filters::LevelFilter;

#[tokio::test]
async fn each_request_is_one_line_of_json_by_each_function_it_reaches() {
    let system = System::start().await;
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    system.customer_service.receive(text_message("c", "a", "x")).await;
    system.customer_service.user_info(&[("clientId", "nobody")]).await;
    system.message_push.try_push("{}").await;
    system.partner("unknown").user_info(&[("clientId", "u")]).await;
    system.proxy.fail(|number, _| (number >= 1).then_some(Fault::InternalError));
    system.customer_service.chatlog(&[("openId", "c")]).await;

    let expected = [
        ("authorizer", Some("demo"), json!("allow"), 1.0, 0.0, None),
        ("receive-message", Some("demo"), json!(0), 0.0, 1.0, None),
        ("authorizer", Some("demo"), json!("allow"), 1.0, 0.0, None),
        ("get-user-info", Some("demo"), json!(46004), 0.5, 0.0, None),
        ("authorizer", Some("demo"), json!("allow"), 1.0, 0.0, None),
        ("push-message", Some("demo"), json!(400), 0.0, 0.0, None),
        ("authorizer", None, json!("deny"), 1.0, 0.0, None),
        ("authorizer", Some("demo"), json!("allow"), 1.0, 0.0, None),
        ("get-chatlog", Some("demo"), json!(-1), 0.0, 0.0, Some("Query: refused with InternalServerError")),
    ];
    let lines = captured.lines();
    assert_eq!(lines.len(), expected.len(), "{}", captured.text());
    for (line, (function, application, outcome, read, write, cause)) in lines.iter().zip(expected) {
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "request");
        assert_eq!(line["function"], function);
        assert_eq!(line.get("application").and_then(Value::as_str), application, "{line}");
        assert_eq!(line["outcome"], outcome, "{line}");
        assert_eq!((&line["read_units"], &line["write_units"]), (&json!(read), &json!(write)), "{line}");
        assert_eq!(line.get("cause").and_then(Value::as_str), cause);
        assert_eq!(line["request_id"].as_str().unwrap().len(), 36);
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}

#[tokio::test]
async fn business_counts_are_logged_as_embedded_metrics() {
    // The clock stands still: a repeat in another second would have another deadline and write the content again.
    let system = System::start_at(&ManualClock::at(1_795_219_210_000)).await;
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    let push = |content: &str| push_request("a,b", content, "m", 1);
    let url = "http://a/b";
    for message in [
        end_event("c"),
        json!({"touser": "c", "msgtype": "evaluate", "url": url}),
        text_message("c", "a", "x"),
        json!({"touser": "c", "fromuser": "a", "msgtype": "image", "image": {"image_url": url}}),
        json!({"touser": "c", "fromuser": "a", "msgtype": "file", "file": {"file_name": "x", "file_url": url}}),
    ] {
        system.customer_service.receive(message).await;
    }
    for content in ["x", "x", "y"] {
        system.message_push.try_push(push(content)).await;
    }
    system.partner("unknown").try_push("{}").await;
    system.proxy.fail(|number, _| (number == 1).then_some(Fault::InternalError));
    system.message_push.try_push(push("x")).await;

    let by_source = json!([["function"], ["function", "source"]]);
    let by_function = json!([["function"]]);
    let expected = [
        ("receive-message", &by_source, json!({"EventsReceived": 1.0, "WriteUnits": 4.0})),
        ("receive-message", &by_source, json!({"EvaluationsReceived": 1.0, "WriteUnits": 1.0})),
        ("receive-message", &by_source, json!({"TextsReceived": 1.0, "WriteUnits": 1.0})),
        ("receive-message", &by_source, json!({"ImagesReceived": 1.0, "WriteUnits": 1.0})),
        ("receive-message", &by_source, json!({"FilesReceived": 1.0, "WriteUnits": 1.0})),
        ("push-message", &by_function, json!({"Pushes": 1.0, "Deliveries": 2.0, "WriteUnits": 4.0})),
        (
            "push-message",
            &by_function,
            json!({"Pushes": 1.0, "Deliveries": 2.0, "PushReplays": 1.0, "WriteUnits": 3.0}),
        ),
        ("push-message", &by_function, json!({"PushConflicts": 1.0})),
        ("authorizer", &by_function, json!({"Denials": 1.0})),
        (
            "push-message",
            &by_function,
            json!({"Pushes": 1.0, "Deliveries": 2.0, "PushReplays": 1.0, "WriteUnits": 3.0, "StoreRetries": 1.0}),
        ),
    ];
    let lines: Vec<_> = captured.lines().into_iter().filter(|line| line.get("_aws").is_some()).collect();
    assert_eq!(lines.len(), expected.len(), "{}", captured.text());
    for (line, (function, dimensions, metrics)) in lines.iter().zip(expected) {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            (&line["function"], &directive["Namespace"]),
            (&json!(function), &json!("ChatbotThirdParty"))
        );
        assert_eq!(directive["Dimensions"], *dimensions);
        assert_eq!(line.get("source").is_some(), *dimensions == by_source);
        let names = directive["Metrics"].as_array().unwrap().iter().map(|metric| {
            assert_eq!(metric["Unit"], "Count");
            metric["Name"].as_str().unwrap().to_owned()
        });
        let counted: Value = names.map(|name| (name.clone(), line[&name].clone())).collect();
        assert_eq!(counted, metrics);
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    }
}

#[tokio::test]
async fn messages_of_users_are_counted_once_each() {
    let system = System::start_at(&ManualClock::at(1_795_219_210_000)).await;
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    let mut cursor = String::new();
    for (id, content) in [("1", "x"), ("1", "x"), ("1", "other"), ("2", "x")] {
        system.platform.try_say(user_text("c", id, content)).await;
    }
    for _ in 0..2 {
        cursor = system.customer_service.sync(&cursor).await["cursor"].as_str().unwrap().to_owned();
    }
    let metrics = ["UserMessages", "UserMessageReplays", "MessagesSynced", "WriteUnits"];
    let lines = captured.lines();
    let of_calls = lines.iter().filter(|line| {
        ["send-user-message", "sync-messages"].iter().any(|function| line["function"] == *function)
    });
    let counted = of_calls.map(|line| {
        let counts: Vec<_> = metrics.iter().map(|name| line.get(name).cloned()).collect();
        (line["function"].as_str().unwrap(), line["application"].as_str().unwrap(), counts)
    });
    let one = || Some(json!(1.0));
    let expected = [
        ("send-user-message", "demo", vec![one(), None, None, Some(json!(8.0))]),
        ("send-user-message", "demo", vec![None, one(), None, None]),
        ("send-user-message", "demo", vec![None, None, None, None]),
        ("send-user-message", "demo", vec![one(), None, None, Some(json!(8.0))]),
        ("sync-messages", "demo", vec![None, None, Some(json!(2.0)), None]),
        ("sync-messages", "demo", vec![None, None, None, None]),
    ];
    assert_eq!(counted.collect::<Vec<_>>(), expected);
    let synced = lines.iter().find(|line| line.get("MessagesSynced").is_some()).unwrap();
    assert_eq!(
        synced["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["function"], ["function", "source"]])
    );
}

#[tokio::test]
async fn the_queries_of_the_runbook_use_fields_that_are_logged() {
    let system = System::start().await;
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    for _ in 0..2 {
        system.message_push.push("a", "x", "m", 1).await;
    }
    system.proxy.fail(|number, _| (number >= 1).then_some(Fault::InternalError));
    system.message_push.try_push(push_request("a", "x", "m", 1)).await;
    let fields: BTreeSet<String> = captured
        .lines()
        .iter()
        .flat_map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>())
        .collect();
    for field in [
        "request_id",
        "gateway_request_id",
        "function",
        "application",
        "outcome",
        "cause",
        "duration_ms",
        "read_units",
        "write_units",
        "store_retries",
        "Deliveries",
        "PushReplays",
    ] {
        assert!(fields.contains(field), "{field}");
    }
    let stack = local::template::Stack::parse(local::TEMPLATE).unwrap();
    let api: Value = stack.resources("AWS::Serverless::Api").next().unwrap().properties().unwrap();
    let access_log = api["AccessLogSetting"]["Format"].as_str().unwrap();
    for field in ["extendedRequestId", "functionRequestId", "errorType", "status", "resourcePath"] {
        assert!(access_log.contains(&format!("\"{field}\":")), "{field}");
    }
    // Connects the access log with the function's log, whatever id the caller sends.
    assert!(access_log.contains("\"functionRequestId\":\"$context.integration.requestId\""));
    // Each word with an underscore in a query is a field.
    let queries = include_str!("../../docs/runbook.md").split("```").skip(1).step_by(2);
    for word in queries.flat_map(|query| query.split(|c: char| !c.is_alphanumeric() && c != '_')) {
        assert!(!word.contains('_') || fields.contains(word), "{word}");
    }
}

#[test]
fn libraries_log_errors_only_and_the_runtime_logs_nothing() {
    let (captured, _guard) = Captured::start(LevelFilter::TRACE);
    tracing::error!(target: "lambda_runtime::layers::panic", "SECRET");
    tracing::warn!(target: "aws_smithy_runtime", "SECRET");
    tracing::error!(target: "aws_smithy_runtime", code = 7, "broken");
    let lines = captured.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["level"], &lines[0]["message"], &lines[0]["code"]),
        (&json!("ERROR"), &json!("broken"), &json!("7"))
    );
}

#[test]
fn a_line_is_captured_even_if_another_thread_logged_it_first() {
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    let log = || tracing::info!(target: "api", "twice");
    std::thread::spawn(log).join().unwrap();
    log();
    assert_eq!(captured.lines().len(), 1, "{}", captured.text());
}

#[tokio::test]
async fn an_authenticated_client_is_logged_and_its_tokens_are_counted() {
    let system = System::start_at(&ManualClock::at(1_795_219_210_000)).await;
    let client = system.operator.create_application("a").await;
    let (captured, _guard) = Captured::start(LevelFilter::INFO);
    let token = client.token().await;
    client.introspect(&token).await;
    client.revoke(&token).await;
    client.revoke(&token).await;
    OAuthClient::new(&system.anonymous, "a", "cs-wrong").ask().await;
    client.ask_for("unknown").await;
    for _ in 1..=TOKENS_PER_MINUTE {
        client.ask().await;
    }
    let lines = captured.lines();
    let seen = |line: &Value| (line["application"].clone(), line["outcome"].clone());
    let counts = |line: &Value, name: &str| line.get(name) == Some(&json!(1.0));
    let (a, nobody) = (json!("a"), Value::Null);
    for (line, application, outcome, counted) in [
        (&lines[0], &a, json!(200), Some("TokensIssued")),
        (&lines[1], &a, json!(200), None),
        (&lines[2], &a, json!(200), Some("TokensRevoked")),
        (&lines[3], &a, json!(200), None),
        (&lines[4], &nobody, json!("invalid_client"), Some("Denials")),
        (&lines[5], &a, json!("invalid_scope"), None),
        (lines.last().unwrap(), &a, json!("temporarily_unavailable"), Some("TokensRefused")),
    ] {
        assert_eq!(line["function"], "issue-token");
        assert_eq!(seen(line), (application.clone(), outcome), "{line}");
        for name in ["TokensIssued", "TokensRevoked", "TokensRefused", "Denials"] {
            assert_eq!(counts(line, name), counted == Some(name), "{name}: {line}");
        }
    }
}

#[tokio::test]
async fn no_client_credential_is_ever_logged() {
    let system = System::start().await;
    let client = system.operator.create_application("a").await;
    let (captured, _guard) = Captured::start(LevelFilter::TRACE);
    let mut secrets = vec![client.secret.clone(), "SECRET".to_owned()];
    for failing_from in [usize::MAX, 0, 1, 2] {
        system.proxy.fail(move |number, _| (number >= failing_from).then_some(Fault::InternalError));
        let reply = client.post("token", "grant_type=client_credentials&SECRET-field=SECRET-value").await;
        let token = reply.json()["access_token"].as_str().unwrap_or("cn-SECRET").to_owned();
        for (endpoint, form) in [
            ("introspect", format!("token={token}")),
            ("revoke", format!("token={token}&token_type_hint=SECRET-hint")),
            ("token", "grant_type=SECRET-grant".to_owned()),
            ("token", "grant_type=client_credentials&scope=SECRET-scope".to_owned()),
            ("token?client_secret=SECRET-secret", String::new()),
            ("SECRET-path", String::new()),
        ] {
            client.post(endpoint, &form).await;
        }
        let body = "client_id=SECRET-id&client_secret=SECRET-secret&grant_type=client_credentials";
        system.anonymous.post(paths::TOKEN, body).await;
        OAuthClient::new(&system.anonymous, "a", "cs-SECRET").ask().await;
        secrets.push(token);
    }
    let text = captured.text();
    assert!(text.lines().count() > 20);
    for secret in secrets {
        assert!(!text.contains(&secret), "{text}");
    }
}

#[tokio::test]
async fn no_token_header_or_body_is_ever_logged() {
    let system = System::start().await;
    system.operator.grant("SECRET-token", "app", &[CUSTOMER_SERVICE, MESSAGE_PUSH], &[1, 7_654_321]).await;
    let (captured, _guard) = Captured::start(LevelFilter::TRACE);
    let caller = system.partner("SECRET-token");
    let message = json!({
        "touser": "SECRET-touser", "fromuser": "SECRET-fromuser", "msgtype": "file", "SECRET-field": "SECRET-value",
        "file": {"file_name": "SECRET-name", "file_url": "http://SECRET-url"},
    });
    let event = json!({"touser": "SECRET-touser", "msgtype": "event", "eventType": "end", "fromuser": "SECRET-agent"});
    let push = push_request("SECRET-user", "SECRET-content", "SECRET-id", 1);
    let other = push_request("SECRET-user", "SECRET-other", "SECRET-id", 1);
    let mut said = user_text("SECRET-chat", "SECRET-id", "SECRET-content");
    said["clientId"] = json!("SECRET-client");
    let mut other_said = said.clone();
    said["source"] = json!(7_654_321);
    other_said["source"] = json!("SECRET-source");
    // No fault, then a permanent fault from each of the first three DynamoDB requests on.
    for failing_from in [usize::MAX, 0, 1, 2] {
        system.proxy.fail(move |number, _| (number >= failing_from).then_some(Fault::InternalError));
        for (path, body) in [
            (paths::RECEIVE, message.to_string()),
            (paths::RECEIVE, event.to_string()),
            (paths::RECEIVE, r#"{"touser":"SECRET-touser","msgtype":"SECRET-type"}"#.to_owned()),
            (paths::RECEIVE, r#"{"touser":"SECRET-"#.to_owned()),
            (paths::PUSH, push.to_string()),
            (paths::PUSH, other.to_string()),
            (paths::PUSH, r#"{"userIds":"SECRET-user"}"#.to_owned()),
        ] {
            let request =
                caller.request(reqwest::Method::POST, &format!("{path}?source=1&SECRET-query=SECRET-query"));
            let request =
                request.header("authorization", "Bearer SECRET-token").header("x-secret", "SECRET-header");
            Caller::reply(request.body(body)).await;
        }
        caller.chatlog(&[("openId", "SECRET-open"), ("source", "7654321")]).await;
        caller.chatlog(&[("openId", "SECRET-open"), ("cursor", "SECRET-cursor")]).await;
        caller.user_info(&[("clientId", "SECRET-client")]).await;
        caller.user_info(&[("source", "SECRET-source")]).await;
        caller.get_feed(&[("source", "7654321"), ("limit", "SECRET-limit")]).await;
        caller.get_feed(&[("source", "7654321"), ("cursor", "SECRET-cursor")]).await;
        caller.get_feed(&[("source", "7654321")]).await;
        for said in [&said, &other_said] {
            system.platform.try_say(said).await;
        }
        caller.get(&format!("{}/SECRET-path", paths::USER_INFO)).await;
        system.partner("SECRET-unknown").user_info(&[("clientId", "u")]).await;
        system.anonymous.with_header("Basic SECRET-basic").post(paths::PUSH, "{}").await;
    }
    let text = captured.text();
    assert!(text.lines().count() > 50);
    assert!(!text.contains("SECRET") && !text.contains("7654321"), "{text}");
}
