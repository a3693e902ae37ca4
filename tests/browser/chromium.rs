//! A headless Chromium, driven by `chromedriver`.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, wd::WebDriverCompatibleCommand};
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// The longest wait for a page to show a change.
const PATIENCE: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(100);

/// An open page.
pub struct Browser {
    client: Client,
    driver: Child,
    profile: tempfile::TempDir,
}

impl Browser {
    pub async fn open(url: &str, width: u32, height: u32) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={width},{height}"),
        ];
        let capabilities =
            json!({"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}});
        let Value::Object(capabilities) = capabilities else { panic!("it is an object") };
        let address = format!("http://127.0.0.1:{port}");
        let mut tries = 100;
        let client = loop {
            let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
            match builder.capabilities(capabilities.clone()).connect(&address).await {
                Ok(client) => break client,
                Err(error) if tries == 0 => panic!("{error}"),
                Err(_) => tries -= 1,
            }
            tokio::time::sleep(INTERVAL).await;
        };
        client.goto(url).await.unwrap();
        Self { client, driver, profile }
    }

    /// Runs a script in the page; returns its result.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Waits until a JavaScript expression has this value.
    #[track_caller]
    pub fn wait_for(&self, expression: &str, value: Value) -> impl Future<Output = ()> {
        let (caller, expression) = (std::panic::Location::caller(), expression.to_owned());
        async move {
            let mut last = Value::Null;
            for _ in 0..PATIENCE.as_millis() / INTERVAL.as_millis() {
                last = self.run(&format!("return {expression}")).await;
                if last == value {
                    return;
                }
                tokio::time::sleep(INTERVAL).await;
            }
            panic!("{caller}: {expression} is {last} and not {value}");
        }
    }

    /// Waits until `holds` is true.
    pub async fn until(&self, holds: impl AsyncFn() -> bool) {
        for _ in 0..PATIENCE.as_millis() / INTERVAL.as_millis() {
            if holds().await {
                return;
            }
            tokio::time::sleep(INTERVAL).await;
        }
        panic!("the condition does not become true");
    }

    pub async fn log_in(&self, user: &str, chat: &str) {
        self.fill("#login [name=userId]", user).await;
        self.fill("#login [name=chatId]", chat).await;
        self.click("#login button").await;
    }

    pub async fn click(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Replaces the text of a field.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.client.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
    }

    /// Saves a screenshot in `target/screenshots` for manual inspection.
    pub async fn screenshot(&self, name: &str) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
    }

    /// The lines that the console got since the last call: level and text.
    pub async fn console(&self) -> Vec<(String, String)> {
        let Value::Array(entries) = self.client.issue_cmd(ReadConsole).await.unwrap() else {
            panic!("a list")
        };
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        entries.iter().map(|entry| (text(entry, "level"), text(entry, "message"))).collect()
    }

    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

/// chromedriver's command that reads the console.
#[derive(Debug)]
struct ReadConsole;

impl WebDriverCompatibleCommand for ReadConsole {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A failed test leaves its window open. The profile identifies the processes of this window.
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let _ = Command::new("pkill").args(["--full", "--", &profile]).status();
        // The process may have ended already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
