//! How the page `/chat` learns of new messages: by the signals of its socket, and by polling while there is none.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use local::functions::{Code, FunctionError};
use serde_json::{Value, json};
use tests::{Fault, ManualClock, Setup, Stream, System, text_message};
use tokio::time::{Instant, sleep};

use crate::{Browser, connections, start};

/// The platform's endpoints, as the log of the page names them.
const PENDING: &str = "message/pending";
const ACK: &str = "message/ack";
const CHAT: &str = "chat/messages";

/// Keeps a log of the page: `[milliseconds, event]`, where an event is a request to the platform's API, or a new state.
const LOG: &str = "
    window.log = [];
    window.events = () => log.map(([, event]) => event);
    const platform = '/chatbot/api/platform/';
    new PerformanceObserver((list) => {
        for (const { name, startTime } of list.getEntries()) {
            const { pathname } = new URL(name);
            if (pathname.startsWith(platform)) log.push([startTime, pathname.slice(platform.length)]);
        }
    }).observe({ type: 'resource' });
    const news = document.querySelector('#news');
    new MutationObserver(() => log.push([performance.now(), news.dataset.state]))
        .observe(news, { attributes: true, attributeFilter: ['data-state'] });
";

const STATE: &str = "document.querySelector('#news').dataset.state";
const TEXT: &str = "document.querySelector('#news').textContent";
const PUSHED: &str =
    "[...document.querySelectorAll('#pending .content')].map((content) => content.textContent)";
const SAID: &str =
    "[...document.querySelectorAll('#chat li')].map((message) => message.firstChild.textContent)";

/// The page with these parameters, its log, and a user `u` with the chat `c`.
async fn log_in(system: &System, parameters: &str) -> Browser {
    let url = format!("{}/chat?{parameters}", system.anonymous.urls().platform);
    let browser = Browser::open(&url, 1280, 1000).await;
    browser.run(LOG).await;
    browser.log_in("u", "c").await;
    browser
}

async fn push(system: &System, content: &str) {
    system.message_push.push("u,v", content, content, 1).await;
}

async fn say(system: &System, content: &str) {
    system.customer_service.receive(text_message("c", "a", content)).await;
}

/// Waits until the page has sent no request to the platform for 1.5 seconds, and empties the log.
async fn settle(browser: &Browser) {
    let mut before = Value::Null;
    for _ in 0..10 {
        let log = browser.run("return log").await;
        if log == before {
            browser.run("log.length = 0").await;
            return;
        }
        before = log;
        sleep(Duration::from_millis(1500)).await;
    }
    panic!("the page goes on sending requests: {before}");
}

/// The times of an event in the log, in milliseconds.
async fn times(browser: &Browser, event: &str) -> Vec<f64> {
    let times = format!("return log.filter(([, event]) => event === '{event}').map(([time]) => time)");
    serde_json::from_value(browser.run(&times).await).unwrap()
}

/// Code of a function that does nothing.
fn nothing() -> Code {
    Arc::new(|_, _| Box::pin(async { Ok("null".to_owned()) }))
}

/// A system that never signals by itself.
async fn silent() -> System {
    let replaced = vec![("NotifyUsersFunction", nothing())];
    System::start_with(Setup { stream: Stream::Runs, replaced, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn signals_of_the_socket_show_new_messages_without_polling() {
    let system = start().await;
    push(&system, "before").await;
    // No later reading of the chat disturbs the counts.
    let browser = log_in(&system, "late=600000").await;
    browser.wait_for(STATE, json!("socket")).await;
    browser.wait_for(TEXT, json!("The socket signals new messages.")).await;
    browser.wait_for(PUSHED, json!(["before"])).await;
    settle(&browser).await;
    // Polling would read five times.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(browser.run("return events()").await, json!([]));

    push(&system, "pushed").await;
    browser.wait_for(PUSHED, json!(["before", "pushed"])).await;
    browser.wait_for("events()", json!([PENDING, ACK])).await;
    browser.run("log.length = 0").await;
    say(&system, "said").await;
    browser.wait_for(SAID, json!(["said"])).await;
    browser.wait_for("events()", json!([CHAT, CHAT])).await;
    browser.run("log.length = 0").await;
    browser.fill("#say [name=content]", "answered").await;
    browser.click("#say > button:not([type])").await;
    browser.wait_for(SAID, json!(["said", "answered"])).await;
    browser.wait_for("events().toSorted()", json!(["chat/message", CHAT, CHAT])).await;
    browser.screenshot("socket").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn without_a_socket_polling_shows_new_messages_and_tries_become_rare() {
    let tries = Arc::<Mutex<Vec<(Instant, String)>>>::default();
    let kept = Arc::clone(&tries);
    let refuses: Code = Arc::new(move |event, _| {
        let event: Value = serde_json::from_str(&event).unwrap();
        let ticket = event["queryStringParameters"]["ticket"].as_str().unwrap().to_owned();
        kept.lock().unwrap().push((Instant::now(), ticket));
        Box::pin(async { Ok(r#"{"statusCode":401}"#.to_owned()) })
    });
    let fails: Code = Arc::new(|_, _| Box::pin(async { Err(FunctionError::Crashed) }));
    for replaced in [("SocketFunction", refuses), ("IssueTicketFunction", fails)] {
        let replaced = vec![replaced];
        let system = System::start_with(Setup { stream: Stream::Runs, replaced, ..Setup::default() }).await;
        let browser = log_in(&system, "retry=200&longestRetry=1000").await;
        browser.wait_for(TEXT, json!("There is no socket: the page polls every 1 s.")).await;
        push(&system, "pushed").await;
        say(&system, "said").await;
        browser.wait_for(PUSHED, json!(["pushed"])).await;
        browser.wait_for(SAID, json!(["said"])).await;
        browser
            .wait_for("events().filter((event) => event === 'user/ticket').length >= 7", json!(true))
            .await;
        assert_eq!(browser.run("return events().includes('socket')").await, json!(false));
        browser.close().await;
    }
    let mut tries = tries.lock().unwrap().clone();
    tries.truncate(7);
    let pauses = tries.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_millis());
    for (pause, wait) in pauses.zip([200, 400, 800, 1000, 1000, 1000]) {
        assert!(pause >= wait / 2, "{pause} ms of {wait} ms");
    }
    let mut tickets: Vec<_> = tries.into_iter().map(|(_, ticket)| ticket).collect();
    tickets.sort();
    tickets.dedup();
    assert_eq!(tickets.len(), 7, "each try has a ticket of its own");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn after_a_restart_the_page_polls_and_then_has_a_new_socket() {
    let system = start().await;
    // The first try comes 6 to 12 seconds after the end of the socket.
    let browser = log_in(&system, "retry=12000").await;
    browser.wait_for(STATE, json!("socket")).await;
    push(&system, "before").await;
    say(&system, "before").await;
    browser.wait_for(PUSHED, json!(["before"])).await;
    browser.wait_for(SAID, json!(["before"])).await;

    let stopped = system.stop().await;
    browser.wait_for(TEXT, json!("New messages cannot be read: Failed to fetch")).await;
    let stopped = Some(stopped);
    let system = System::start_with(Setup { stream: Stream::Runs, stopped, ..Setup::default() }).await;
    push(&system, "polled").await;
    say(&system, "polled").await;
    browser.wait_for(PUSHED, json!(["before", "polled"])).await;
    browser.wait_for(SAID, json!(["before", "polled"])).await;
    assert_eq!(browser.run(&format!("return {STATE}")).await, json!("polling"));

    browser.wait_for(STATE, json!("socket")).await;
    settle(&browser).await;
    push(&system, "signalled").await;
    say(&system, "signalled").await;
    browser.wait_for(PUSHED, json!(["before", "polled", "signalled"])).await;
    browser.wait_for(SAID, json!(["before", "polled", "signalled"])).await;
    browser.wait_for("events().toSorted()", json!([CHAT, CHAT, ACK, PENDING])).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn only_a_socket_that_lasted_makes_the_tries_frequent_again() {
    let system = start().await;
    let browser = log_in(&system, "retry=400&lasting=3000").await;
    for count in 1..=4 {
        browser.wait_for("events().filter((event) => event === 'socket').length", json!(count)).await;
        connections::end(&system).await;
    }
    browser.wait_for("events().filter((event) => event === 'socket').length", json!(5)).await;
    sleep(Duration::from_secs(3)).await;
    connections::end(&system).await;
    browser.wait_for("events().filter((event) => event === 'socket').length", json!(6)).await;
    let (opened, lost) = (times(&browser, "socket").await, times(&browser, "polling").await);
    // The page polls at first, too.
    let pauses: Vec<_> = opened[1..].iter().zip(&lost[1..]).map(|(opened, lost)| opened - lost).collect();
    for (pause, wait) in pauses.iter().zip([400.0, 800.0, 1600.0, 3200.0]) {
        assert!(*pause >= wait / 2.0, "{pause} ms of {wait} ms");
    }
    assert!(pauses[4] < 1600.0, "{} ms", pauses[4]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn the_next_periodic_reading_makes_lost_signals_good() {
    let system = silent().await;
    let browser = log_in(&system, "read=4000").await;
    browser.wait_for(STATE, json!("socket")).await;
    settle(&browser).await;
    push(&system, "pushed").await;
    say(&system, "said").await;
    browser.wait_for(PUSHED, json!(["pushed"])).await;
    browser.wait_for(SAID, json!(["said"])).await;
    browser.until(async || times(&browser, PENDING).await.len() == 3).await;
    let readings = times(&browser, PENDING).await;
    for pair in readings.windows(2) {
        assert!(pair[1] - pair[0] > 3000.0, "{readings:?}");
    }
    assert_eq!(browser.run(&format!("return {STATE}")).await, json!("socket"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn a_signal_reads_its_part_and_the_signal_of_a_chat_reads_it_again_later() {
    let system = silent().await;
    let browser = log_in(&system, "late=6000").await;
    browser.wait_for(STATE, json!("socket")).await;
    settle(&browser).await;
    push(&system, "pushed").await;
    say(&system, "said").await;
    for unknown in [r#"{"type":"news"}"#, r#"{"type":"pong"}"#, "null", "[]", "inbox", ""] {
        connections::post(&system, unknown).await;
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(browser.run("return events()").await, json!([]));

    connections::post(&system, r#"{"type":"chat","source":1,"chatId":"c"}"#).await;
    browser.wait_for(SAID, json!(["said"])).await;
    browser.wait_for("events()", json!([CHAT, CHAT])).await;
    // This message is shown late: nothing signals it.
    say(&system, "late").await;
    connections::post(&system, r#"{"type":"inbox"}"#).await;
    browser.wait_for(PUSHED, json!(["pushed"])).await;
    browser.wait_for("events()", json!([CHAT, CHAT, PENDING, ACK])).await;
    browser.wait_for(SAID, json!(["said", "late"])).await;
    browser.wait_for("events()", json!([CHAT, CHAT, PENDING, ACK, CHAT, CHAT])).await;
    let readings = times(&browser, CHAT).await;
    assert!(readings[2] - readings[0] > 5500.0, "{readings:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn a_reading_that_fails_is_repeated_and_shows_nothing_twice() {
    let system = silent().await;
    let browser = log_in(&system, "").await;
    browser.wait_for(STATE, json!("socket")).await;
    settle(&browser).await;
    push(&system, "pushed").await;
    system.proxy.fail(|_, _| Some(Fault::InternalError));
    connections::post(&system, r#"{"type":"inbox"}"#).await;
    browser.wait_for(TEXT, json!("New messages cannot be read: system error")).await;

    // Now the message can be read, and not be acknowledged.
    let reads = ["GetItem", "BatchGetItem", "Query"];
    system.proxy.fail(move |_, operation| (!reads.contains(&operation)).then_some(Fault::InternalError));
    let acks = "events().filter((event) => event === 'message/ack').length";
    browser.wait_for(&format!("{acks} >= 2"), json!(true)).await;
    assert_eq!(system.message_push.status("pushed").await["pending"], 2);
    system.proxy.recover();
    browser.until(async || system.message_push.status("pushed").await["delivered"] == 1).await;
    browser.wait_for(TEXT, json!("The socket signals new messages.")).await;
    assert_eq!(browser.run(&format!("return {PUSHED}")).await, json!(["pushed"]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn pings_keep_the_socket_open_and_its_longest_time_ends_it() {
    // 2026-11-27 08:00:10 in UTC+8.
    let clock = ManualClock::at(1_795_737_610_000);
    let setup = Setup { clock: Some(clock.clone()), stream: Stream::Runs, ..Setup::default() };
    let system = System::start_with(setup).await;
    let browser = log_in(&system, "read=1000").await;
    browser.wait_for(STATE, json!("socket")).await;
    let (begin, _) = connections::times(&system).await;
    for minutes in [9, 18, 27] {
        clock.advance_seconds(9 * 60);
        let now = begin + minutes * 60_000;
        browser.until(async || connections::times(&system).await == (begin, now)).await;
    }
    assert_eq!(
        browser.run("return events().filter((event) => event === 'polling')").await,
        json!(["polling"])
    );
    clock.advance_seconds(2 * 60 * 60);
    browser.wait_for("events().filter((event) => event === 'socket').length", json!(2)).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn a_socket_that_does_not_answer_a_ping_is_closed() {
    let accepts: Code = Arc::new(|_, _| Box::pin(async { Ok(r#"{"statusCode":200}"#.to_owned()) }));
    for (replaced, sockets) in [(vec![("SocketFunction", accepts)], 2), (vec![], 1)] {
        let system = System::start_with(Setup { stream: Stream::Runs, replaced, ..Setup::default() }).await;
        let browser = log_in(&system, "read=3000&silence=2000&retry=200").await;
        browser.wait_for(STATE, json!("socket")).await;
        // Two pings, and the end of the silence after the first one.
        sleep(Duration::from_secs(7)).await;
        let opened = times(&browser, "socket").await;
        assert!(opened.len() == sockets, "{opened:?}");
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn the_login_of_somebody_else_closes_the_socket() {
    let system = start().await;
    let browser = log_in(&system, "").await;
    browser.wait_for(STATE, json!("socket")).await;
    let first = connections::ids(&system).await;
    browser.log_in("v", "d").await;
    browser
        .until(async || {
            let now = connections::ids(&system).await;
            now.len() == 1 && now != first
        })
        .await;
    browser.wait_for("document.querySelector('#session').textContent", json!("v is logged in.")).await;
    browser.wait_for(STATE, json!("socket")).await;
    settle(&browser).await;
    say(&system, "to the first chat").await;
    push(&system, "pushed").await;
    browser.wait_for(PUSHED, json!(["pushed"])).await;
    browser.wait_for("events()", json!([PENDING, ACK])).await;
    assert_eq!(browser.run(&format!("return {SAID}")).await, json!([]));
    assert_eq!(system.message_push.status("pushed").await["pending"], 1, "the first user's");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn the_page_may_open_its_own_socket_only() {
    let system = start().await;
    let url = &system.anonymous.urls().platform;
    // The socket is no part of this origin.
    let page = url.replace("127.0.0.1", "localhost");
    let browser = Browser::open(&format!("{page}/chat"), 1280, 1000).await;
    browser
        .run("window.refused = [];
              document.addEventListener('securitypolicyviolation', ({ blockedURI }) => refused.push(blockedURI));")
        .await;
    browser.log_in("u", "c").await;
    browser.wait_for(STATE, json!("socket")).await;
    assert_eq!(browser.run("return refused").await, json!([]));
    let origin = url.replace("http:", "ws:");
    let others = [
        format!("{origin}/other"),
        "ws://127.0.0.1:1/socket".to_owned(),
        "wss://evil.example/socket".to_owned(),
    ];
    for other in &others {
        browser.run(&format!("try {{ new WebSocket('{other}'); }} catch {{}}")).await;
    }
    browser.wait_for("refused.length", json!(others.len())).await;
    browser.close().await;
}
