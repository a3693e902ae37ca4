//! The client of `docs/sockets.md`.

use serde_json::{Value, json};
use tests::{Setup, Stream, System, Ticket, markdown::blocks, text_message};

use crate::chromium::Browser;

/// Replaces the timers of the page: a test runs them.
const TIMERS: &str = "
    const recorder = (timers) => (run, delay) => timers.push({ run, delay });
    window.intervals = []; window.setInterval = recorder(intervals);
    window.timeouts = []; window.setTimeout = recorder(timeouts);
    window.reads = [];";

const START: &str = "
    const read = (name) => async () => { reads.push(name); };
    const takeTicket = async () => tickets.shift();
    watch({ takeTicket, readInbox: read('inbox'), readChat: read('chat'), chats: [{ source: 1, chatId: 'c' }] });";

fn client(guide: &'static str) -> &'static str {
    let programs: Vec<_> = blocks(guide).into_iter().filter(|block| block.language == "javascript").collect();
    assert_eq!(programs.len(), 1);
    programs[0].text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: make browser"]
async fn the_example_reads_after_signals_polls_without_a_connection_and_connects_again() {
    for guide in
        [include_str!("../../docs/sockets.md"), include_str!("../../docs/sockets.zh-CN.md")].map(client)
    {
        let system = System::start_with(Setup { stream: Stream::Runs, ..Setup::default() }).await;
        let mut tickets = Vec::new();
        for _ in 0..2 {
            let Ticket { ticket, url } = system.platform.ticket("u", &["c"]).await;
            tickets.push(json!({"ticket": ticket, "url": url}));
        }
        // A page of this machine without scripts: Chromium lets no other page connect to a local address.
        let page = format!("{}/nothing", system.anonymous.urls().platform);
        let browser = Browser::open(&page, 800, 600).await;
        browser.run(&format!("{TIMERS} window.tickets = {}; {guide} {START}", json!(tickets))).await;
        let mut seen = Reads { browser: &browser, expected: Vec::new() };
        seen.come(&["inbox", "chat"]).await;
        assert_eq!(
            browser.run("return intervals.map(({ delay }) => delay)").await,
            json!([3000, 300_000, 480_000])
        );

        system.message_push.push("u", "x", "1", 1).await;
        seen.come(&["inbox"]).await;
        system.customer_service.receive(text_message("c", "a", "x")).await;
        seen.come(&["chat"]).await;
        assert_eq!(browser.run("return timeouts.at(-1).delay").await, json!(20_000));
        browser.run("timeouts.at(-1).run()").await;
        seen.come(&["chat"]).await;
        browser.run("intervals[1].run()").await;
        seen.come(&["inbox", "chat"]).await;
        // A connection that is open is not polled for.
        browser.run("intervals[0].run(); intervals[2].run()").await;
        assert_eq!(browser.run("return timeouts.at(-1).delay").await, json!(30_000));

        for pause in [1000, 2000] {
            let mut others = Vec::new();
            for _ in 0..10 {
                others.push(system.connect("u", &[]).await);
            }
            let is_closed =
                format!("timeouts.at(-1).delay > {} && timeouts.at(-1).delay <= {pause}", pause / 2 - 1);
            browser.wait_for(&is_closed, json!(true)).await;
            browser.run("intervals[0].run()").await;
            seen.come(&["inbox", "chat"]).await;
            browser.run("timeouts.at(-1).run()").await;
            if pause == 1000 {
                seen.come(&["inbox", "chat"]).await;
            }
        }
        // There is no third ticket.
        let waits = "timeouts.at(-1).delay > 1999 && timeouts.at(-1).delay <= 4000";
        browser.wait_for(waits, json!(true)).await;
        seen.come(&[]).await;
        browser.close().await;
    }
}

/// The reads of the client, in order.
struct Reads<'b> {
    browser: &'b Browser,
    expected: Vec<&'static str>,
}

impl Reads<'_> {
    /// Waits for these reads and no others.
    async fn come(&mut self, names: &[&'static str]) {
        self.expected.extend(names);
        let expected: Value = self.expected.join(",").into();
        self.browser.wait_for("reads.join()", expected).await;
    }
}
