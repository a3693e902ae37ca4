//! The pages at `/chat` and `/docs` in headless Chromium. Needs `chromium` and `chromedriver`: `make browser`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod chromium;
mod connections;
mod docs;
mod example_client;
mod news;

use chromium::Browser;
use serde_json::json;
use tests::{Setup, Stream, System};

/// Contents with a script that calls `ran` if it runs.
const HOSTILE: [&str; 14] = [
    "<script>ran('script')</script>",
    "<img src=x onerror=\"ran('onerror')\">",
    "<svg onload=\"ran('svg')\"></svg>",
    "<a href=\"javascript:ran('href')\">click</a>",
    "<a href=\" jav&#x0A;ascript:ran('spaced')\">click</a>",
    "<a href=\"data:text/html,<script>ran('data')</script>\">click</a>",
    "<iframe srcdoc=\"<script>parent.ran('frame')</script>\"></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=\"ran('math')\">",
    "<form action=\"javascript:ran('form')\"><button>click</button></form>",
    "<details open ontoggle=\"ran('toggle')\">x</details>",
    "<b style=\"background:url(javascript:ran('style'))\" onclick=\"ran('click')\">click</b>",
    "<base href=\"https://evil.example/\">",
    "<meta http-equiv=\"refresh\" content=\"0;url=javascript:ran('meta')\">",
    "<input autofocus onfocus=\"ran('focus')\">",
];

/// A system that signals new messages.
async fn start() -> System {
    System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn hostile_content_is_shown_and_does_not_run() {
    let system = start().await;
    let browser = Browser::open(&format!("{}/chat", system.anonymous.urls().platform), 1280, 900).await;
    browser
        .run("window.executed = []; window.ran = (what) => executed.push(what);
              window.complaints = []; document.addEventListener('securitypolicyviolation', (event) => complaints.push(event.blockedURI));")
        .await;
    for (number, content) in HOSTILE.iter().enumerate() {
        system.message_push.push("u", &format!("{content}shown"), &format!("hostile-{number}"), 1).await;
        let text =
            json!({"touser": "c", "fromuser": content, "msgtype": "text", "text": {"content": content}});
        let from = text["fromuser"].as_str().unwrap().chars().take(60).collect::<String>();
        let mut text = text;
        text["fromuser"] = json!(from);
        system.customer_service.receive(text).await;
        let file = json!({"touser": "c", "fromuser": "a", "msgtype": "file", "file": {"file_name": content, "file_url": "http://127.0.0.1:1/x"}});
        system.customer_service.receive(file).await;
        system.platform.say("c", &number.to_string(), content).await;
    }
    for url in ["javascript:ran('url')", "data:text/html,<script>ran('url')</script>", "vbscript:x"] {
        for message in [
            json!({"touser": "c", "fromuser": "a", "msgtype": "image", "image": {"image_url": url}}),
            json!({"touser": "c", "fromuser": "a", "msgtype": "file", "file": {"file_name": "x", "file_url": url}}),
            json!({"touser": "c", "msgtype": "evaluate", "url": url}),
        ] {
            assert_eq!(system.customer_service.try_receive(message).await.status, 400);
        }
    }
    browser.log_in("u", "c").await;
    browser.wait_for("document.querySelectorAll('#pending li').length", json!(HOSTILE.len())).await;
    browser.wait_for("document.querySelectorAll('#chat li').length", json!(3 * HOSTILE.len())).await;
    browser.wait_for("document.querySelectorAll('#feed li').length", json!(HOSTILE.len())).await;
    // Click every element.
    browser
        .run("document.querySelectorAll('.content *, #chat li *, #feed li *').forEach((element) => element.click?.());")
        .await;
    // A script that was started has a second to run.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(browser.run("return executed").await, json!([]));
    assert_eq!(
        browser.run("return complaints").await,
        json!([]),
        "no violation of the content security policy"
    );
    let hostile = "[...document.querySelectorAll('#pending .content *, #chat li *, #feed li *')].filter((element) =>
        ['SCRIPT', 'IFRAME', 'STYLE', 'SVG', 'FORM', 'INPUT', 'BASE', 'META', 'OBJECT'].includes(element.tagName.toUpperCase())
        || [...element.attributes].some(({ name, value }) => name.startsWith('on') || /^\\s*(javascript|data):/i.test(value))
    ).map((element) => element.outerHTML)";
    assert_eq!(browser.run(&format!("return {hostile}")).await, json!([]));
    // Text messages are shown as plain text.
    for items in ["#chat li[data-msgtype=text]:not([data-from])", "#chat li[data-from=user]", "#feed li"] {
        let texts =
            format!("[...document.querySelectorAll('{items}')].map((item) => item.firstChild.textContent)");
        assert_eq!(browser.run(&format!("return {texts}")).await, json!(HOSTILE), "{items}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn a_user_sees_partners_messages_and_partners_see_their_states() {
    let system = start().await;
    let url = &system.anonymous.urls().platform;
    let browser = Browser::open(&format!("{url}/chat"), 1280, 1000).await;
    system.message_push.push("6557578274821898321", "您好,您有一条<b>新消息</b> 😀", "before", 1).await;
    assert_eq!(system.message_push.status("before").await["pending"], 1);
    browser.log_in("6557578274821898321", "chat").await;
    browser
        .wait_for(
            "document.querySelector('#pending li .content')?.innerHTML",
            json!("您好,您有一条<b>新消息</b> 😀"),
        )
        .await;
    browser
        .wait_for(
            "document.querySelector('#session').textContent",
            json!("6557578274821898321 is logged in."),
        )
        .await;

    // The page acknowledges a message when it shows it, and as read at a click.
    browser.until(async || system.message_push.status("before").await["delivered"] == 1).await;
    browser.click("#pending li button").await;
    browser.until(async || system.message_push.status("before").await["read"] == 1).await;

    // The forms of the partner call the real endpoints.
    browser.fill("#push [name=content]", "<i>second</i>").await;
    browser.fill("#push [name=messageId]", "second").await;
    browser.click("#push .row button").await;
    browser.wait_for("document.querySelectorAll('#pending li').length", json!(2)).await;
    browser.until(async || system.message_push.status("second").await["delivered"] == 1).await;
    browser.click("#ask-status").await;
    browser
        .wait_for("document.querySelector('#answers').textContent.includes('\"delivered\": 1')", json!(true))
        .await;

    for (kind, shown) in [
        ("begin", "A human takes over."),
        ("text", "内容A"),
        ("image", ""),
        ("file", "新建文本文档.txt"),
        ("evaluate", "Rate the service"),
        ("end", "Back to the robot."),
    ] {
        browser.run(&format!("const kind = document.querySelector('#receive [name=kind]'); kind.value = '{kind}'; kind.dispatchEvent(new Event('change'));")).await;
        let fields = "[...document.querySelectorAll('#receive [data-for]')].filter((label) => label.checkVisibility()).length";
        let expected = match kind {
            "text" | "image" | "evaluate" => 1,
            "file" => 2,
            _ => 0,
        };
        browser.wait_for(fields, json!(expected)).await;
        browser.click("#receive > button").await;
        let last = "document.querySelector('#chat li:last-child')?.firstChild.textContent";
        browser
            .wait_for(&format!("document.querySelector('#chat li:last-child') && ({last})"), json!(shown))
            .await;
        let state = if kind == "end" { "robot" } else { "human: 客服A" };
        browser.wait_for("document.querySelector('#state').textContent", json!(state)).await;
    }
    let image = "document.querySelector('#chat img')";
    browser.wait_for(&format!("{image}.complete && {image}.naturalWidth"), json!(320)).await;
    assert_eq!(
        browser.run("return document.querySelector('#chat [data-msgtype=file] a').href").await,
        json!(format!("{url}/chat/picture.svg"))
    );
    assert_eq!(browser.run("return document.querySelectorAll('#chat li').length").await, json!(6));
    browser.run("scrollTo(0, 0)").await;
    browser.screenshot("desktop").await;

    browser.resize(390, 844).await;
    browser.wait_for("document.documentElement.scrollWidth <= window.innerWidth", json!(true)).await;
    browser.screenshot("phone").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn a_user_and_a_partner_talk_to_each_other() {
    let system = start().await;
    system.platform.say("another-chat", "before", "said before").await;
    let browser = Browser::open(&format!("{}/chat", system.anonymous.urls().platform), 1280, 1000).await;
    browser.log_in("6557578274821898321", "chat").await;
    let last = |list: &str| {
        format!(
            "[...(document.querySelector('{list} li:last-child')?.childNodes ?? [])].map((node) => node.textContent.split(' 20')[0])"
        )
    };
    browser.wait_for(&last("#feed"), json!(["said before", "another-chat · 1 ·"])).await;
    // Both sides show what the user says and the number of it.
    browser.fill("#say [name=content]", "请问怎么退款？😀<b>").await;
    browser.click("#say > button:not([type])").await;
    browser.wait_for(&last("#chat"), json!(["请问怎么退款？😀<b>", "You, 1"])).await;
    browser.wait_for(&last("#feed"), json!(["请问怎么退款？😀<b>", "chat · 1 ·"])).await;
    browser.wait_for("document.querySelector('#say [name=content]').value", json!("")).await;
    for (number, event, shown) in
        [(2, "request", "The user asks for a human."), (3, "close", "The user leaves.")]
    {
        browser.click(&format!("#say [value={event}]")).await;
        browser.wait_for(&last("#chat"), json!([shown, format!("You, {number}")])).await;
        browser.wait_for(&last("#feed"), json!([shown, format!("chat · {number} ·")])).await;
    }
    // The partner answers.
    browser.click("#receive > button").await;
    browser.wait_for(&last("#chat"), json!(["内容A", "客服A"])).await;
    assert_eq!(browser.run("return document.querySelectorAll('#feed li').length").await, json!(4));
    let feed = system.customer_service.sync("").await["list"].take();
    assert_eq!(
        (&feed[1]["clientId"], &feed[3]["eventType"]),
        (&json!("6557578274821898321"), &json!("close"))
    );
    // A message without text is refused, and the page says so.
    browser.click("#say > button:not([type])").await;
    let refused = "Required parameter 'text.content' is not present";
    browser.wait_for("document.querySelector('#session').textContent", json!(refused)).await;
    browser.screenshot("conversation").await;
    browser.resize(390, 844).await;
    browser.wait_for("document.documentElement.scrollWidth <= window.innerWidth", json!(true)).await;
    browser.close().await;
}
