//! `webhook set` and `webhook show`.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use store::webhooks::{self, EndpointStatus};
use tests::{CUSTOMER_SERVICE, Fault, System};

use super::{
    Operator, URL, application, changes, delivered_until, endpoint, receiver::Receiver, source, text,
    unapproved,
};

#[tokio::test]
async fn the_first_set_shows_the_secret_and_starts_with_the_messages_from_now_on() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    let before = system.clock.now();
    let set = operator.text(&format!("webhook set {id} {URL}")).await;
    let after = system.clock.now();
    let lines: Vec<_> = set.lines().collect();
    assert_eq!(lines[0], format!("url             {URL}"));
    let secret = lines[1].strip_prefix("signing secret  ").unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_eq!(lines[3], "The secret, version 1, is shown this once: hand it over now.");
    assert!(lines[5].starts_with("Messages from 20"), "{set}");
    assert!(lines[5].contains(&format!("`chatbotctl webhook seek {id} --to oldest` also delivers")), "{set}");
    assert_eq!(lines[6..], [format!("Next: `chatbotctl webhook test {id}`.")]);
    for number in [1, 2] {
        let endpoint = endpoint(&system, &id, number).await;
        assert_eq!((endpoint.url.as_str(), endpoint.status), (URL, EndpointStatus::Enabled));
        assert!((before..=after).contains(&endpoint.changed_at));
        assert!((before..=after).contains(&delivered_until(&system, &id, number).await));
    }
    let stored = webhooks::find_secrets(&system.webhooks_table(), &id).await.unwrap().unwrap();
    assert_eq!(stored.valid_at(after).collect::<Vec<_>>(), [secret]);
    assert_eq!(changes(&operator, &id).await, [format!("set the webhook of sources 1, 2 to {URL}")]);
    for shown in [operator.text(&format!("webhook show {id}")).await, format!("{stored:?}")] {
        assert!(!shown.contains("whsec_") && !shown.contains(secret.trim_start_matches("whsec_")), "{shown}");
    }
}

#[tokio::test]
async fn a_later_set_keeps_the_secret_and_the_place_and_enables() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    let first = operator.json(&format!("webhook set {id} {URL}")).await;
    assert!(text(&first, "secret").starts_with("whsec_") && text(&first, "startsAt").ends_with('Z'));
    let places = [delivered_until(&system, &id, 1).await, delivered_until(&system, &id, 2).await];
    operator.text(&format!("webhook disable {id}")).await;

    let other = "https://partner.example:8443/other?a=b";
    let second = operator.json(&format!("webhook set {id} {other} --any-port")).await;
    assert_eq!(second, json!({"appId": id, "url": other, "sources": [1, 2], "warnings": []}));
    let again = operator.text(&format!("webhook set {id} {other} --any-port")).await;
    assert!(again.contains("The signing secret is the one that was set before."), "{again}");
    assert!(again.contains("Delivery goes on where it was.") && !again.contains("whsec_"), "{again}");
    assert_eq!([delivered_until(&system, &id, 1).await, delivered_until(&system, &id, 2).await], places);
    let shown = operator.json(&format!("webhook show {id}")).await;
    assert_eq!(shown["secretVersion"], 1);
    for (endpoint, number) in shown["endpoints"].as_array().unwrap().iter().zip([1, 2]) {
        let expected = json!({
            "source": number, "url": other, "status": "enabled", "changedAt": endpoint["changedAt"],
            "deliveredUntil": first["startsAt"], "failures": 0, "running": false,
        });
        assert_eq!(*endpoint, expected);
    }
}

#[tokio::test]
async fn a_set_that_was_interrupted_is_completed_by_the_next_one() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    // The endpoint of source 1 is stored, and the one of source 2 is not.
    let puts = AtomicUsize::new(0);
    system.proxy.fail(move |_, operation| {
        let is_late = operation == "PutItem" && puts.fetch_add(1, Ordering::SeqCst) > 0;
        is_late.then_some(Fault::InternalError)
    });
    let error = through_faults.error(&format!("webhook set {id} {URL}")).await;
    let advice = "`chatbotctl webhook show APP` says whether it was";
    assert!(error.starts_with("DynamoDB: PutItem") && error.ends_with(advice), "{error}");
    system.proxy.recover();
    let place = delivered_until(&system, &id, 1).await;
    assert!(webhooks::find(&system.webhooks_table(), source(2), &id).await.unwrap().is_none());
    let shown = operator.text(&format!("webhook show {id}")).await;
    assert!(shown.contains("none: run `webhook set` again"), "{shown}");

    let set = operator.json(&format!("webhook set {id} {URL}")).await;
    assert_eq!(set["secretVersion"], 1);
    assert_eq!(endpoint(&system, &id, 2).await.url, URL);
    assert_eq!(delivered_until(&system, &id, 1).await, place);
    assert_eq!(changes(&operator, &id).await.len(), 1);
}

#[tokio::test]
async fn a_url_that_is_not_permitted_is_refused_before_anything_is_asked_of_the_table() {
    let system = System::start().await;
    // Nothing listens there.
    let nowhere = Operator::at_endpoint("http://127.0.0.1:1");
    let longest = format!("https://partner.example/{}", "a".repeat(2048 - 24));
    let too_long = format!("{longest}a");
    for (arguments, expected) in [
        ("http://partner.example", "the URL must begin with https://; --development permits http and IP"),
        ("partner.example", "this is not a URL"),
        ("https://127.0.0.1", "the URL must have a host name, not an IP address; --development permits"),
        ("https://partner.example:444", "the port must be 443, unless another one is permitted: --any-port"),
        ("https://127.0.0.1:444 --any-port", "the URL must have a host name"),
        ("https://u:p@partner.example", "the URL must not have credentials"),
        ("https://partner.example/#x --development", "the URL must not have a fragment"),
        ("ftp://partner.example --development", "the URL must begin with http:// or https://"),
        (&too_long, "the URL has more than 2048 characters"),
    ] {
        let error = nowhere.error(&format!("webhook set demo {arguments}")).await;
        assert!(error.starts_with(expected), "{arguments}: {error}");
    }
    let permitted = nowhere.error(&format!("webhook set demo {longest}")).await;
    assert!(permitted.starts_with("DynamoDB does not answer"), "{permitted}");
    let operator = Operator::of(&system);
    for arguments in [
        longest.as_str(),
        "https://partner.example:443",
        "https://partner.example:444 --any-port",
        "http://[::1]:65535/ --development",
    ] {
        operator.text(&format!("webhook set demo {arguments}")).await;
    }
}

#[tokio::test]
async fn a_webhook_to_which_nothing_is_delivered_is_set_with_a_warning() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = unapproved(&operator, "--source 7").await;
    operator.text(&format!("app request-scope {id} {CUSTOMER_SERVICE}")).await;
    operator.text(&format!("app disable {id} --yes")).await;
    let receiver = Receiver::answering(204, "").await;
    let set = operator.json(&format!("webhook set {id} {} --development", receiver.url())).await;
    let disabled = format!(
        "Nothing is delivered: the application is disabled. `chatbotctl app enable {id}` enables it."
    );
    let unapproved = format!(
        "Nothing is delivered: {CUSTOMER_SERVICE} is not approved. `chatbotctl app approve {id} {CUSTOMER_SERVICE}` approves it."
    );
    assert_eq!(set["warnings"], json!([disabled, unapproved, "Only `local` delivers to this URL."]));
    let again = operator.text(&format!("webhook set {id} {} --development", receiver.url())).await;
    let shown = operator.text(&format!("webhook show {id}")).await;
    for warning in [&disabled, &unapproved] {
        assert!(again.lines().any(|line| line == warning), "{again}");
        assert!(shown.lines().any(|line| line == warning), "{shown}");
    }
    operator.text(&format!("app enable {id}")).await;
    operator.text(&format!("app approve {id} {CUSTOMER_SERVICE}")).await;
    let set = operator.json(&format!("webhook set {id} {URL} --development")).await;
    assert_eq!(set["warnings"], json!([]));
    assert_eq!(operator.json(&format!("webhook show {id}")).await["warnings"], json!([]));
}

#[tokio::test]
async fn an_error_of_a_webhook_says_what_to_do() {
    let system = System::start().await;
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    let commands = ["show", "rotate-secret --yes", "test", "seek --to now --yes", "enable", "disable", "log"];
    let line = |command: &str, app: &str| {
        let (verb, options) = command.split_once(' ').unwrap_or((command, ""));
        format!("webhook {verb} {app} {options}").trim_end().to_owned()
    };
    for command in commands {
        assert_eq!(
            operator.error(&line(command, "nobody")).await,
            "there is no application nobody; `chatbotctl app list` shows them all"
        );
        assert_eq!(
            operator.error(&line(command, id.as_str())).await,
            format!("{id} has no webhook; `chatbotctl webhook set {id} URL` sets one")
        );
    }
    let nobody = operator.error(&format!("webhook set nobody {URL}")).await;
    assert_eq!(nobody, "there is no application nobody; `chatbotctl app list` shows them all");
    assert_eq!(changes(&operator, &id).await, [""; 0]);

    let elsewhere = operator.at_webhooks_table("Elsewhere");
    let no_table = elsewhere.error(&format!("webhook show {id}")).await;
    let expected = "there is no table Elsewhere here; name it with --webhooks-table (it is the output WebhooksTableName of the stack), and check the region";
    assert_eq!(no_table, expected);
}

#[tokio::test]
async fn a_change_that_the_history_may_lack_is_reported() {
    let system = System::start().await;
    let Some(through_faults) = Operator::through_faults(&system) else { return };
    let operator = Operator::of(&system);
    let id = application(&operator).await;
    system.proxy.fail(|_, operation| (operation == "TransactWriteItems").then_some(Fault::Cut));
    let output = through_faults.run(&format!("webhook set {id} {URL}")).await;
    system.proxy.recover();
    let (printed, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains("whsec_"), "nobody else has the secret: {printed}");
    let expected = format!(
        "chatbotctl: the webhook is changed, but the change may be missing in `chatbotctl app history {id}` (DynamoDB does not answer"
    );
    assert!(error.starts_with(&expected) && error.lines().count() == 1, "{error}");
    assert_eq!(endpoint(&system, &id, 2).await.url, URL);
}
